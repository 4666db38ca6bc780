import { expect, it } from "vitest";
import { partitionId } from "../../../src/domain/ids.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { someAgent } from "./rows.ts";

const agentRow = () => ({
  agentId: someAgent(),
  partitionId: partitionId("default"),
  hostname: "host",
  held: 0,
  idleMs: 0,
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
      { ...agent, heartbeats: 3, held: 5, idleMs: 8, process: "two" },
    ]);
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
