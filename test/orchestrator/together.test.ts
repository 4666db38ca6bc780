// Orchestrators do not know of each other: whatever two of them do at once must be as if one did it.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  agentId,
  objectId,
  partitionId,
  type SessionId,
  stageOf,
  type TaskId,
} from "../../src/domain/ids.ts";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import type { CommitRecord, Task } from "../../src/domain/task.ts";
import { recoverFrom } from "../../src/lifecycle/recover.ts";
import { createLiveness } from "../../src/orchestrator/recovery/liveness.ts";
import { submit, times } from "../support/orchestration.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { log, supervise } from "./supervision.ts";

const PATIENCE = { timeout: 60_000, interval: 20 };
const partition = partitionId("default");
const { COMPLETED, DISPATCHED, PENDING, PROCESSED, PROCESSING, RETRIED, SUBMITTED } = TaskStatus;

/** The same data, as two processes have them. */
let one: TestStores;
let other: TestStores;
beforeEach(async () => {
  one = await openStores();
  other = await openStores(one.path);
});
afterEach(async () => {
  await other[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
});

const statusesOf = async (ids: readonly TaskId[]) =>
  (await one.tables.tasks.get(ids)).map(({ status }) => status);

const tasksIn = async (session: SessionId): Promise<readonly Task[]> => {
  const { rows } = await one.tables.tasks.list({
    filter: [[{ kind: "string", field: "sessionId", operator: "equal", value: session }]],
    sort: [{ field: "createdAt", descending: false }],
    ...{ page: 0, pageSize: 5_000 },
  });
  return rows;
};

const batchesOf = async (session: SessionId, tasks: readonly TaskId[]): Promise<number> => {
  const found = await one.tables.tasks.get(tasks);
  expect(new Set(found.map(({ sessionId }) => sessionId))).toEqual(new Set([session]));
  return new Set(found.map(({ batchId }) => batchId)).size;
};

/** Acquires the task and takes it to where its agent died. */
async function die(taskId: TaskId, at: TaskStatus, record?: CommitRecord): Promise<Task> {
  const { tasks } = one.tables;
  const owner = { agentId: agentId(`agent-${randomUUID()}`), hostname: "here" };
  const [task] = await tasks.acquire([taskId], owner, 1);
  if (!task) throw new Error("not acquired");
  const { attempt } = task;
  if (at !== DISPATCHED) await tasks.start([{ taskId, attempt, fetchedAt: 1, startedAt: 1 }]);
  if (record) await tasks.decide([{ taskId, attempt, from: [PROCESSING], record }], 1);
  expect(await statusesOf([taskId])).toEqual([at]);
  return task;
}

describe("two orchestrators", () => {
  it("that supervise the same batches have each task run once", { timeout: 120_000 }, async () => {
    const session = await one.newSession();
    const tasks = await submit(one, session, times(700, {}));
    const batches = await batchesOf(session, tasks);
    await using agent = await openStandInAgent(one);
    await using another = await openStandInAgent(other);
    await using first = await supervise(one, session, batches);
    await using second = await supervise(other, session, batches);
    await vi.waitFor(() => expect(agent.begun.length).toBeGreaterThan(100), PATIENCE);
    await one.purgeQueue();
    await Promise.all([first.settled, second.settled]);
    const begun = [...agent.begun, ...another.begun].map(({ taskId }) => taskId);
    expect(begun.toSorted()).toEqual(tasks.toSorted());
    expect(new Set(await statusesOf(tasks))).toEqual(new Set([COMPLETED]));
  });

  it("one of which dies between dispatching and publishing leave no task behind", async () => {
    const session = await one.newSession();
    const tasks = await submit(one, session, times(300, {}));
    const batches = await batchesOf(session, tasks);
    const stuck = Promise.withResolvers<never>();
    const tried = Promise.withResolvers<void>();
    const publish = (): Promise<never> => {
      tried.resolve();
      return stuck.promise;
    };
    await one.purgeQueue();
    {
      const dying = { ...other, queue: { ...other.queue, publish } };
      await using _first = await supervise(dying, session, batches);
      await tried.promise;
      stuck.reject(new Error("died"));
    }
    // Its last word to the store was the compare-and-set.
    const waiting = (await statusesOf(tasks)).filter((status) => status === PENDING).length;
    expect(waiting).toBeLessThan(300 - one.scheduling.directDispatchLimit);
    expect(await one.queue.depth(partition)).toEqual({ waiting: 0 });
    await using agent = await openStandInAgent(one);
    await using second = await supervise(one, session, batches);
    await second.settled;
    expect(agent.begun.map(({ taskId }) => taskId).toSorted()).toEqual(tasks.toSorted());
  });

  it("that take over from the same dead agent at once do it once", {
    timeout: 60_000,
  }, async () => {
    for (let round = 0; round < 10; round++) {
      const session = await one.newSession();
      const tasks = await submit(one, session, times(3, {}));
      const [held, running, decided] = tasks;
      if (!held || !running || !decided) throw new Error("three tasks were submitted");
      const owner = { agentId: agentId(`agent-${randomUUID()}`), hostname: "here" };
      const acquired = await one.tables.tasks.acquire(tasks, owner, 1);
      const started = acquired.slice(1).map(({ taskId, attempt }) => ({ taskId, attempt }));
      await one.tables.tasks.start(started.map((key) => ({ ...key, fetchedAt: 1, startedAt: 1 })));
      const record = { outcome: "completed", results: [], staged: false } as const;
      const from = [PROCESSING];
      await one.tables.tasks.decide([{ taskId: decided, attempt: 1, from, record }], 1);
      await Promise.all(
        [one, other, one, other].map((stores) => recoverFrom(stores, owner.agentId)),
      );
      const all = await tasksIn(session);
      expect(all.map(({ taskId }) => taskId).toSorted()).toEqual(
        [...tasks, `${running}###1`].toSorted(),
      );
      expect(await statusesOf(tasks)).toEqual([SUBMITTED, RETRIED, COMPLETED]);
      await using agent = await openStandInAgent(one);
      const ends = () => statusesOf([held, `${running}###1` as TaskId]);
      await vi.waitFor(async () => expect(await ends()).toEqual([COMPLETED, COMPLETED]), PATIENCE);
      expect(agent.begun.map(({ attempt }) => attempt).toSorted()).toEqual([1, 2]);
      expect(await one.queue.depth(partition)).toEqual({ waiting: 0 });
    }
  });

  it("that find the same decided task of a dead agent carry it out once", async () => {
    const session = await one.newSession();
    const output = await one.newResult(session);
    const [parent, dependent] = await submit(one, session, [
      { expectedOutputIds: [output] },
      { dataDependencies: [output] },
    ]);
    if (!parent || !dependent) throw new Error("two tasks were submitted");
    const payloadId = await one.newResult(session, { status: ResultStatus.COMPLETED });
    const children = times(20, payloadId).map((id) =>
      one.newTask(session, {
        ...{ payloadId: id, createdBy: parent, parentTaskIds: [session, parent] },
      }),
    );
    await one.tables.tasks.create(children, { stage: stageOf(parent, 1) });
    const results = [{ resultId: output, objectId: objectId("s-1-x"), size: 1 }];
    await die(parent, PROCESSED, { outcome: "completed", results, staged: true });
    await using agent = await openStandInAgent(one);
    await using _first = await supervise(one, session, 22);
    await using _second = await supervise(other, session, 22);
    await using _liveness = createLiveness({ stores: one, log }, { leaseMs: 400 });
    await using _another = createLiveness({ stores: other, log }, { leaseMs: 400 });
    const expected = [dependent, ...children.map(({ taskId }) => taskId)];
    await vi.waitFor(async () => {
      const ends = await statusesOf([parent, ...expected]);
      expect(ends).toEqual(times(22, COMPLETED));
    }, PATIENCE);
    expect(agent.begun.map(({ taskId }) => taskId).toSorted()).toEqual(expected.toSorted());
    expect(await tasksIn(session)).toHaveLength(22);
    const batches = await one.tables.batches.get(
      times(25, session).map((sessionId, i) => ({ sessionId, batch: i + 1 })),
    );
    expect(batches.reduce((sum, { progress }) => sum + progress.completed, 0)).toBe(22);
  });

  it("are not kept from other decided tasks by one that cannot be carried out", async () => {
    const session = await one.newSession();
    const tasks = await submit(one, session, times(66, {}));
    const [bad, good] = tasks;
    if (!bad || !good) throw new Error("nothing submitted");
    const output = await one.newResult(session);
    const broken = [{ resultId: output, objectId: objectId("s-1-x"), size: 1 }];
    await die(bad, PROCESSED, { outcome: "completed", results: broken, staged: false });
    await die(good, PROCESSED, { outcome: "completed", results: [], staged: false });
    const { results } = one.tables;
    const complete: typeof results.complete = async (completions, at) => {
      if (completions.length > 0) throw new Error("there is something wrong with it");
      return await results.complete(completions, at);
    };
    const failing = { ...one, tables: { ...one.tables, results: { ...results, complete } } };
    await using _first = await supervise(failing, session, await batchesOf(session, tasks));
    await vi.waitFor(
      async () => expect(await statusesOf([bad, good])).toEqual([PROCESSED, COMPLETED]),
      PATIENCE,
    );
  });
});
