import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { TaskId } from "../../src/domain/ids.ts";
import { partitionId, stageOf } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { collectOrphans } from "../../src/lifecycle/orphans.ts";
import { createLiveness } from "../../src/orchestrator/recovery/liveness.ts";
import { submit, times } from "../support/orchestration.ts";
import { OK, openStandInAgent } from "../support/stand-in-agent.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";
import { log, supervise } from "./supervision.ts";

const PATIENCE = { timeout: 60_000, interval: 20 };
const { COMPLETED, PENDING, PROCESSED, PROCESSING, RETRIED, SUBMITTED } = TaskStatus;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const statusesOf = async (ids: readonly TaskId[]) =>
  (await stores.tables.tasks.get(ids)).map(({ status }) => status);

/** Takes the task as an agent would, and leaves it where that agent died. */
async function die(taskId: TaskId, at: "started" | "decided"): Promise<void> {
  const { tasks } = stores.tables;
  const [task] = await tasks.acquire([taskId], AGENT, Date.now());
  if (!task) throw new Error("not acquired");
  const { attempt } = task;
  await tasks.start([{ taskId, attempt, fetchedAt: 1, startedAt: 1 }]);
  if (at === "started") return;
  await tasks.decide([{ taskId, attempt, from: [PROCESSING], record: OK }], 1);
}

describe("the supervisor", () => {
  it("publishes again what a purged queue has lost", async () => {
    const id = await stores.newSession();
    const tasks = await submit(stores, id, times(3, {}));
    await stores.purgeQueue();
    expect(await statusesOf(tasks)).toEqual([SUBMITTED, SUBMITTED, SUBMITTED]);
    await using _agent = await openStandInAgent(stores);
    await using watched = await supervise(stores, id, 3);
    const ends = await watched.settled;
    expect(ends.map(({ info }) => info?.progress.completed)).toEqual([1, 1, 1]);
  });

  it("dispatches what is beyond direct dispatch, more than its share at a time", async () => {
    const id = await stores.newSession();
    await submit(stores, id, times(3_000, {}));
    const { directDispatchLimit } = stores.scheduling;
    expect(await stores.tables.tasks.roomBelow(id, directDispatchLimit + 10)).toBe(10);
    await using _agent = await openStandInAgent(stores);
    const batches = (await stores.tables.batches.unannounced({ sessionId: id }))[0]?.upTo ?? 0;
    await using watched = await supervise(stores, id, batches);
    const ends = await watched.settled;
    expect(ends.reduce((sum, { info }) => sum + (info?.progress.completed ?? 0), 0)).toBe(3_000);
  });

  it("does not let a queue without agents hold back another partition", async () => {
    const id = await stores.newSession();
    const options = { ...stores.newTask(id, {}).options, partitionId: partitionId("idle") };
    await submit(stores, id, [...times(2_200, { options }), ...times(300, {})]);
    const batches = (await stores.tables.batches.unannounced({ sessionId: id }))[0]?.upTo ?? 0;
    await using agent = await openStandInAgent(stores);
    await using _watched = await supervise(stores, id, batches);
    await vi.waitFor(() => expect(agent.begun).toHaveLength(300), PATIENCE);
  });

  it("finds a ready task whose wake-up was lost", async () => {
    const id = await stores.newSession();
    const input = await stores.newResult(id);
    const [waiting] = await submit(stores, id, [{ dataDependencies: [input] }]);
    if (!waiting) throw new Error("nothing submitted");
    // The completer died between closing the edges and dispatching what had become ready.
    await stores.tables.dependencies.close([input]);
    expect(await statusesOf([waiting])).toEqual([PENDING]);
    await using _agent = await openStandInAgent(stores);
    await using watched = await supervise(stores, id, 1);
    await watched.settled;
    expect(await statusesOf([waiting])).toEqual([COMPLETED]);
  });

  it("carries out what an agent had decided before it died", async () => {
    const id = await stores.newSession();
    const [task] = await submit(stores, id, [{}]);
    if (!task) throw new Error("nothing submitted");
    await die(task, "decided");
    expect(await statusesOf([task])).toEqual([PROCESSED]);
    await using watched = await supervise(stores, id, 1);
    await watched.settled;
    expect(await statusesOf([task])).toEqual([COMPLETED]);
  });
});

describe("liveness", () => {
  it("gives a dead agent's running tasks to a new attempt, and lets a live one go on", async () => {
    const id = await stores.newSession();
    const [lost, kept] = await submit(stores, id, [{}, {}]);
    if (!lost || !kept) throw new Error("nothing submitted");
    const dead = await openStandInAgent(stores, { run: async () => "held" });
    await vi.waitFor(() => expect(dead.begun).toHaveLength(2), PATIENCE);
    await dead.pause();
    dead.silence();
    await using live = await openStandInAgent(stores);
    await using _liveness = createLiveness({ stores, log }, { leaseMs: 1_000 });
    await vi.waitFor(async () => {
      expect(await statusesOf([lost, kept])).toEqual([RETRIED, RETRIED]);
      expect(live.begun.map(({ retryOfIds }) => retryOfIds[0]).sort()).toEqual([lost, kept].sort());
      const agents = (await stores.tables.agents.list()).map(({ agentId }) => agentId);
      expect(agents).toContain(live.agentId);
      expect(agents).not.toContain(dead.agentId);
    }, PATIENCE);
    await dead[Symbol.asyncDispose]();
  });

  it("takes over from an owner that has no row at all", async () => {
    const id = await stores.newSession();
    const [task] = await submit(stores, id, [{}]);
    if (!task) throw new Error("nothing submitted");
    await die(task, "started");
    await using _liveness = createLiveness({ stores, log }, { leaseMs: 400 });
    await vi.waitFor(async () => expect(await statusesOf([task])).toEqual([RETRIED]), PATIENCE);
  });

  it("counts no silence while it cannot reach the store itself", async () => {
    let failures = 0;
    let away = true;
    const { agents } = stores.tables;
    const list: typeof agents.list = async () => {
      if (!away) return await agents.list();
      failures++;
      throw new Error("the store is away");
    };
    const behindIt = { ...stores, tables: { ...stores.tables, agents: { ...agents, list } } };
    const id = await stores.newSession();
    const [task] = await submit(stores, id, [{}]);
    if (!task) throw new Error("nothing submitted");
    await die(task, "started");
    await using _liveness = createLiveness({ stores: behindIt, log }, { leaseMs: 400 });
    await vi.waitFor(() => expect(failures).toBeGreaterThan(16), PATIENCE);
    expect(await statusesOf([task])).toEqual([PROCESSING]);
    away = false;
    await vi.waitFor(async () => expect(await statusesOf([task])).toEqual([RETRIED]), PATIENCE);
  });
});

describe("orphans", () => {
  it("are removed with their claims, unless the parent still runs", async () => {
    const { tables } = stores;
    const id = await stores.newSession();
    const [parent] = await submit(stores, id, [{}]);
    if (!parent) throw new Error("nothing submitted");
    await die(parent, "started");
    const output = await stores.newResult(id);
    const lost = stores.newTask(id, { expectedOutputIds: [output] });
    const staged = stores.newTask(id, { createdBy: parent });
    await tables.tasks.create([lost]);
    await tables.tasks.create([staged], { stage: stageOf(parent, 1) });
    await tables.results.claim([{ resultId: output, taskId: lost.taskId }]);
    expect(await collectOrphans(stores, 60_000)).toBe(0);
    expect(await collectOrphans(stores, 0)).toBe(1);
    const [freed] = await tables.results.get([output]);
    expect(freed?.ownerTaskId).toBe("");
    const left = await tables.tasks.orphans({ olderThanMs: 0, limit: 10 });
    expect(left.map(({ taskId }) => taskId)).toEqual([staged.taskId]);
  });
});
