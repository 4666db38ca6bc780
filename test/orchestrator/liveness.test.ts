import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type AgentId, agentId, partitionId } from "../../src/domain/ids.ts";
import { createLiveness } from "../../src/orchestrator/recovery/liveness.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { openStores, type TestStores } from "../support/stores.ts";

const PATIENCE = { timeout: 60_000, interval: 20 };
const log = createLogger({ level: "silent", role: "test" });
const LEASE_MS = 400;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe("LI2: the silence of an agent", () => {
  it("does not count in rounds in which the store was slow", async () => {
    const { agents } = stores.tables;
    const silent = agentId("silent");
    await agents.heartbeat({
      agentId: silent,
      partitionId: partitionId(""),
      hostname: "",
      held: 0,
      idleMs: 0,
      checksDone: 0,
    });
    let rounds = 0;
    let slow = true;
    // Every other read, and every other write, is slower than an observer takes for prompt, by the
    // clock: what else is a slow store?
    const list: typeof agents.list = async () => {
      rounds += 1;
      if (slow && rounds % 2 === 0) await sleep(150);
      return await agents.list();
    };
    const probe: typeof stores.tables.probe = async () => {
      if (slow && rounds % 2 === 0) await sleep(150);
      await stores.tables.probe();
    };
    const behindIt = {
      ...stores,
      tables: { ...stores.tables, probe, agents: { ...agents, list } },
    };
    await using _liveness = createLiveness({ stores: behindIt, log }, { leaseMs: LEASE_MS });
    const known = async () => (await agents.list()).some((agent) => agent.agentId === silent);
    // Each of these rounds took longer than a quarter of the lease; the others would do.
    await vi.waitFor(() => expect(rounds).toBeGreaterThan(24), PATIENCE);
    expect(await known()).toBe(true);
    slow = false;
    await vi.waitFor(async () => expect(await known()).toBe(false), PATIENCE);
  });
});

it("Y3: leaves the row of an agent that comes back while it is taken over, since others wait for its answers", async () => {
  const { agents, tasks } = stores.tables;
  const back = agentId("back");
  const beat = () =>
    agents.heartbeat({
      ...{ agentId: back, partitionId: partitionId(""), hostname: "" },
      ...{ held: 0, idleMs: 0, checksDone: 0 },
    });
  const ownedBy: typeof tasks.ownedBy = async (id) => {
    if (id === back) await beat();
    return await tasks.ownedBy(id);
  };
  const removed: AgentId[] = [];
  const remove: typeof agents.remove = async (id, heartbeats) => {
    await agents.remove(id, heartbeats);
    removed.push(id);
  };
  const tables = {
    ...stores.tables,
    tasks: { ...tasks, ownedBy },
    agents: { ...agents, remove },
  };
  await beat();
  await using _liveness = createLiveness(
    { stores: { ...stores, tables }, log },
    { leaseMs: 200, everyMs: 50 },
  );
  await vi.waitFor(() => expect(removed).toContain(back));
  expect(await agents.get([back])).toHaveLength(1);
});
