import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type AgentId, agentId, partitionId } from "../../src/domain/ids.ts";
import { awaitChecks } from "../../src/lifecycle/await-checks.ts";
import { openStores, type TestStores } from "../support/stores.ts";

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const beat = (id: AgentId, checksDone = 0) =>
  stores.tables.agents.heartbeat({
    ...{ agentId: id, partitionId: partitionId("default"), hostname: "here" },
    ...{ held: 0, idleMs: 0, checksDone },
  });

async function newAgent(): Promise<AgentId> {
  const id = agentId(`agent-${randomUUID()}`);
  await beat(id);
  return id;
}

/** Somebody who waits for the agents, on a clock of its own. */
function waiter(ids: readonly AgentId[]) {
  const clock = { ms: 0 };
  const state = { isDone: false };
  const done = awaitChecks({ ...stores, monotonicNow: () => clock.ms }, ids).then(() => {
    state.isDone = true;
  });
  const requested = (id: AgentId, number: number) =>
    vi.waitFor(async () => {
      const [row] = await stores.tables.agents.get([id]);
      expect(row?.checksRequested).toBe(number);
    });
  return { clock, state, done, requested };
}

describe("who waits for checks", () => {
  it("waits for each agent's answer to this request, and for no other", async () => {
    const [one, two] = [await newAgent(), await newAgent()];
    const first = waiter([one]);
    await first.requested(one, 1);
    const second = waiter([one, two]);
    await second.requested(one, 2);
    await second.requested(two, 1);
    await beat(one, 1);
    await first.done;
    await beat(two, 1);
    await beat(one, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(second.state.isDone).toBe(false);
    await beat(one, 2);
    await second.done;
  });

  it("waits for none that has no row, nor for one that loses it", async () => {
    const id = await newAgent();
    await awaitChecks(stores, [agentId("never there")]);
    const waits = waiter([id, agentId("never there")]);
    await waits.requested(id, 1);
    await stores.tables.agents.remove(id);
    await waits.done;
  });

  it("waits for none that has got a new row, since it has had to check since", async () => {
    const id = await newAgent();
    const { agents } = stores.tables;
    // The row is never seen to be missing.
    const get: typeof agents.get = async (ids) => {
      await agents.remove(id);
      await beat(id);
      return await agents.get(ids);
    };
    await awaitChecks({ ...stores, tables: { ...stores.tables, agents: { ...agents, get } } }, [
      id,
    ]);
  });

  it("Y3: waits for nobody longer than the lease", async () => {
    const id = await newAgent();
    const waits = waiter([id]);
    await waits.requested(id, 1);
    waits.clock.ms = stores.scheduling.leaseMs - 1;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(waits.state.isDone).toBe(false);
    waits.clock.ms = stores.scheduling.leaseMs;
    await waits.done;
  });
});
