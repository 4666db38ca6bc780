import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { agentId, partitionId } from "../../src/domain/ids.ts";
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

it("Y3: leaves the row of an agent that comes back before its lease is ended, since others wait for its answers", async () => {
  const { agents } = stores.tables;
  const back = agentId("back");
  const beat = (after?: number) =>
    agents.heartbeat({
      ...{ agentId: back, partitionId: partitionId(""), hostname: "", after },
      ...{ held: 0, idleMs: 0, checksDone: 0 },
    });
  const seen: { isEnded: boolean; heartbeats: number | undefined }[] = [];
  const takeOver: typeof agents.takeOver = async (id, heartbeats) => {
    if (id !== back) return await agents.takeOver(id, heartbeats);
    if (seen.length === 0) await beat(heartbeats);
    const isEnded = await agents.takeOver(id, heartbeats);
    const [row] = await agents.get([back]);
    seen.push({ isEnded, heartbeats: row?.heartbeats });
    return isEnded;
  };
  const tables = { ...stores.tables, agents: { ...agents, takeOver } };
  await beat();
  await using _liveness = createLiveness(
    { stores: { ...stores, tables }, log },
    { leaseMs: 200, everyMs: 50 },
  );
  await vi.waitFor(async () => expect(await agents.get([back])).toEqual([]), PATIENCE);
  expect(seen).toEqual([
    { isEnded: false, heartbeats: 2 },
    { isEnded: true, heartbeats: 0 },
  ]);
});

it("LI1: a takeover that failed is repeated in the next round, not after another lease", async () => {
  const { agents, tasks } = stores.tables;
  const silent = agentId("silent, and taken over twice");
  const report = { agentId: silent, partitionId: partitionId(""), hostname: "" };
  await agents.heartbeat({ ...report, held: 0, idleMs: 0, checksDone: 0 });
  let rounds = 0;
  const triedIn: number[] = [];
  const probe: typeof stores.tables.probe = async () => {
    rounds += 1;
    await stores.tables.probe();
  };
  const ownedBy: typeof tasks.ownedBy = async (id) => {
    if (id !== silent) return await tasks.ownedBy(id);
    triedIn.push(rounds);
    if (triedIn.length === 1) throw new Error("the store is away");
    return await tasks.ownedBy(id);
  };
  const tables = { ...stores.tables, probe, tasks: { ...tasks, ownedBy } };
  const options = { leaseMs: LEASE_MS, everyMs: 20 };
  await using _liveness = createLiveness({ stores: { ...stores, tables }, log }, options);
  await vi.waitFor(async () => expect(await agents.get([silent])).toEqual([]), PATIENCE);
  const [first = 0, second = 0] = triedIn;
  expect(second - first).toBe(1);
});
