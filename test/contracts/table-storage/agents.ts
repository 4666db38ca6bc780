import { expect, it, vi } from "vitest";
import { partitionId } from "../../../src/domain/ids.ts";
import { someAgent } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";

const agentRow = () => ({
  agentId: someAgent(),
  partitionId: partitionId("default"),
  hostname: "host",
  held: 0,
  idleMs: 0,
  checksDone: 0,
});

export function agents({ open }: TableStoragePromises): void {
  it("is probed without a trace that others could take for an agent", async () => {
    const tables = await open();
    const before = await tables.agents.list();
    await Promise.all([tables.probe(), tables.probe()]);
    expect(await tables.agents.list()).toEqual(before);
  });

  it("counts an agent's heartbeats and keeps what the last one said", async () => {
    const [one, two] = [await open(), await open()];
    const agent = agentRow();
    await one.agents.heartbeat(agent);
    await two.agents.heartbeat({ ...agent, held: 4, idleMs: 7, process: "one" });
    await one.agents.heartbeat({ ...agent, held: 5, idleMs: 8, process: "two" });
    const list = await two.agents.list();
    expect(list.filter(({ agentId }) => agentId === agent.agentId)).toEqual([
      { ...agent, heartbeats: 3, held: 5, idleMs: 8, process: "two", checksRequested: 0 },
    ]);
    expect(await two.agents.get([someAgent(), agent.agentId])).toEqual(
      list.filter(({ agentId }) => agentId === agent.agentId),
    );
  });

  it("answers a heartbeat with the agent's row, which counts anew after it was removed", async () => {
    const { agents } = await open();
    const agent = agentRow();
    expect(await agents.heartbeat(agent)).toEqual({ ...agent, heartbeats: 1, checksRequested: 0 });
    expect((await agents.heartbeat(agent)).heartbeats).toBe(2);
    await agents.remove(agent.agentId);
    expect((await agents.heartbeat(agent)).heartbeats).toBe(1);
  });

  it("removes an agent only if its counter is as it was seen, when told so", async () => {
    const { agents } = await open();
    const agent = agentRow();
    await agents.heartbeat(agent);
    await agents.heartbeat(agent);
    await agents.remove(agent.agentId, 1);
    expect(await agents.get([agent.agentId])).toHaveLength(1);
    await agents.remove(agent.agentId, 2);
    expect(await agents.get([agent.agentId])).toEqual([]);
  });

  it("J3: reaches no counter twice, so that who has seen it removes nobody who is there again", async () => {
    const { agents } = await open();
    const agent = agentRow();
    const { agentId } = agent;
    await agents.heartbeat(agent);
    await agents.heartbeat({ ...agent, after: 1 });
    await agents.remove(agentId);
    expect((await agents.heartbeat({ ...agent, after: 2 })).heartbeats).toBe(4);
    expect((await agents.heartbeat({ ...agent, after: 4 })).heartbeats).toBe(5);
    await agents.remove(agentId, 2);
    expect(await agents.get([agentId])).toHaveLength(1);
  });

  it("J3: lets no agent raise its counter from when its lease was ended until its row is removed", async () => {
    const { agents } = await open();
    const agent = agentRow();
    const { agentId } = agent;
    await agents.heartbeat(agent);
    await agents.heartbeat({ ...agent, after: 1 });
    expect(await agents.takeOver(agentId, 1)).toBe(false);
    expect(await agents.takeOver(agentId, 0)).toBe(false);
    expect((await agents.heartbeat({ ...agent, after: 2 })).heartbeats).toBe(3);
    expect(await agents.takeOver(agentId, 3)).toBe(true);
    expect((await agents.heartbeat({ ...agent, after: 3 })).heartbeats).toBe(0);
    // Two at once, one of whom died.
    expect(await agents.takeOver(agentId, 3)).toBe(true);
    expect(await agents.takeOver(agentId, 0)).toBe(true);
    await agents.remove(agentId, 0);
    expect((await agents.heartbeat({ ...agent, after: 3 })).heartbeats).toBe(5);
  });

  it("J3: ends the lease of an owner without a row, too", async () => {
    const { agents } = await open();
    const agent = agentRow();
    expect(await agents.takeOver(agent.agentId, 0)).toBe(true);
    expect(await agents.heartbeat(agent)).toEqual({ ...agent, heartbeats: 0, checksRequested: 0 });
    await agents.remove(agent.agentId, 0);
    expect((await agents.heartbeat(agent)).heartbeats).toBe(1);
  });

  it("J2: numbers the checks that are requested of an agent, and keeps the newest that it has done", async () => {
    const [one, two] = [await open(), await open()];
    const [agent, other] = [agentRow(), agentRow()];
    const { agentId } = agent;
    await one.agents.heartbeat(agent);
    await one.agents.heartbeat(other);
    expect(await two.agents.requestChecks([agentId, someAgent()])).toEqual(new Map([[agentId, 1]]));
    expect(await one.agents.requestChecks([agentId, other.agentId])).toEqual(
      new Map([
        [agentId, 2],
        [other.agentId, 1],
      ]),
    );
    expect(await one.agents.heartbeat({ ...agent, checksDone: 2 })).toMatchObject({
      ...{ checksRequested: 2, checksDone: 2 },
    });
    // An older heartbeat that arrives late.
    expect(await one.agents.heartbeat({ ...agent, checksDone: 1 })).toMatchObject({
      ...{ checksRequested: 2, checksDone: 2 },
    });
    expect(await two.agents.get([other.agentId])).toMatchObject([{ checksDone: 0 }]);
  });

  it("J2: gives a new check of an agent whose row was removed no number that it has done", async () => {
    const { agents } = await open();
    const agent = agentRow();
    const { agentId } = agent;
    await agents.heartbeat(agent);
    await agents.requestChecks([agentId]);
    await agents.remove(agentId);
    await agents.heartbeat({ ...agent, checksDone: 1 });
    expect(await agents.requestChecks([agentId])).toEqual(new Map([[agentId, 2]]));
  });

  it("tells an agent of its checks, and everybody of those that are done", async () => {
    const [one, two] = [await open(), await open()];
    const [agent, other] = [agentRow(), agentRow()];
    const { agentId } = agent;
    let [asked, answered] = [0, 0];
    const stopAsking = one.agents.onCheckRequested(agentId, () => {
      asked += 1;
    });
    const stopAnswering = two.agents.onCheckDone(() => {
      answered += 1;
    });
    await one.agents.heartbeat(agent);
    await one.agents.heartbeat(other);
    await two.agents.requestChecks([other.agentId]);
    await two.agents.requestChecks([agentId]);
    await vi.waitFor(() => expect(asked).toBeGreaterThan(0));
    await one.agents.heartbeat({ ...agent, checksDone: 1 });
    await vi.waitFor(() => expect(answered).toBeGreaterThan(0));
    stopAsking();
    stopAnswering();
    const before = [asked, answered];
    await two.agents.requestChecks([agentId]);
    await one.agents.heartbeat({ ...agent, checksDone: 2 });
    const later = Promise.withResolvers<void>();
    const stop = two.agents.onCheckDone(later.resolve);
    await one.agents.heartbeat({ ...agent, checksDone: 3 });
    await later.promise;
    stop();
    expect([asked, answered]).toEqual(before);
  });

  it("removes an agent, and removes it again without complaint", async () => {
    const { agents } = await open();
    const [left, stays] = [agentRow(), agentRow()];
    await agents.heartbeat(left);
    await agents.heartbeat(stays);
    await agents.remove(left.agentId);
    await agents.remove(left.agentId);
    const ids = (await agents.list()).map(({ agentId }) => agentId);
    expect(ids).toContain(stays.agentId);
    expect(ids).not.toContain(left.agentId);
  });
}
