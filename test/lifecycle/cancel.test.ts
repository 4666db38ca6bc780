import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { objectId, partitionId, type ResultId } from "../../src/domain/ids.ts";
import { ResultStatus, SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import type { CommitRecord, TaskDefinition } from "../../src/domain/task.ts";
import { admit } from "../../src/lifecycle/admit.ts";
import { cancelSessionTasks, cancelTasks, endLate } from "../../src/lifecycle/cancel.ts";
import { collectOrphans } from "../../src/lifecycle/orphans.ts";
import { isDecided, refuse, rollForward } from "../../src/lifecycle/roll-forward.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";

const T = TaskStatus;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

interface Pair {
  readonly task: TaskDefinition;
  readonly waiting: TaskDefinition;
  readonly output: ResultId;
  readonly record: CommitRecord;
}

/** A task that waits for an input if it is to be PENDING, and one that waits for its output. */
async function submitPair(pending: boolean): Promise<Pair> {
  const session = await stores.newSession();
  const done = { status: ResultStatus.COMPLETED, objectId: objectId("s-x") };
  const payloadId = await stores.newResult(session, done);
  const missing = await stores.newResult(session);
  const output = await stores.newResult(session);
  const task = stores.newTask(session, {
    ...{ payloadId, expectedOutputIds: [output], dataDependencies: pending ? [missing] : [] },
  });
  const waiting = stores.newTask(session, { payloadId, dataDependencies: [output] });
  const tasks = [task, waiting];
  const batches = tasks.map(({ batchId, sessionId }) => ({ batchId, sessionId }));
  await stores.tables.tasks.create(tasks);
  await refuse(stores, await admit(stores, { sessionId: session, tasks, batches }));
  const results = [{ resultId: output, objectId: objectId("s-late"), size: 1 }];
  return { task, waiting, output, record: { outcome: "completed", results, staged: false } };
}

const hold = async ({ task: { taskId } }: Pair): Promise<void> => {
  await stores.tables.tasks.acquire([taskId], AGENT, 1);
};
const start = async (pair: Pair): Promise<void> => {
  await hold(pair);
  const { taskId } = pair.task;
  await stores.tables.tasks.start([{ taskId, attempt: 1, fetchedAt: 1, startedAt: 1 }]);
};

const WAYS: Record<string, (pair: Pair) => Promise<void>> = {
  PENDING: async () => {},
  PAUSED: ({ task }) => stores.tables.tasks.pause([task.taskId]),
  SUBMITTED: async () => {},
  DISPATCHED: hold,
  PROCESSING: start,
};

/** Whatever somebody who knows nothing of the cancellation may still write. */
async function writeLate({ task: { taskId }, record }: Pair): Promise<void> {
  const { tasks, results } = stores.tables;
  const key = { taskId, attempt: 1 };
  const decision = { ...key, from: [T.PROCESSING, T.DISPATCHED], record };
  await tasks.accept([taskId]);
  await tasks.submit([taskId], 2);
  await tasks.pause([taskId]);
  expect(await tasks.acquire([taskId], AGENT, 2)).toEqual([]);
  expect((await tasks.start([{ ...key, fetchedAt: 2, startedAt: 2 }]))[0]?.ok).toBe(false);
  expect((await tasks.release([key], 2))[0]?.ok).toBe(false);
  expect((await tasks.decide([decision], 2))[0]?.ok).toBe(false);
  await tasks.finish([taskId], 2);
  if (record.outcome === "completed")
    expect(await results.complete(record.results, 2)).toEqual([false]);
}

const seen = async ({ task, waiting, output }: Pair) => {
  const tasks = await stores.tables.tasks.get([task.taskId, waiting.taskId]);
  const [result] = await stores.tables.results.get([output]);
  return [...tasks.map(({ status }) => status), result?.status];
};

describe("CA1: a task that is cancelled", () => {
  it.each(Object.keys(WAYS))(
    "while it is %s is CANCELLED at once, and nothing brings it back",
    async (name) => {
      const pair = await submitPair(name === "PENDING");
      await WAYS[name]?.(pair);
      expect((await seen(pair))[0]).toBe(T[name as keyof typeof T]);
      await cancelTasks(stores, [pair.task.taskId], "enough");
      const cancelled = [T.CANCELLED, T.ERROR, ResultStatus.ABORTED];
      expect(await seen(pair)).toEqual(cancelled);
      await writeLate(pair);
      expect(await seen(pair)).toEqual(cancelled);
    },
  );

  it("when its outcome is decided keeps it, carried out or not", async () => {
    const pair = await submitPair(false);
    await start(pair);
    const { taskId } = pair.task;
    const { tasks } = stores.tables;
    const decision = { taskId, attempt: 1, from: [T.PROCESSING], record: pair.record };
    await tasks.decide([decision], 1);
    await cancelTasks(stores, [taskId], "too late");
    expect((await seen(pair))[0]).toBe(T.PROCESSED);
    await rollForward(stores, (await tasks.get([taskId])).filter(isDecided));
    await cancelTasks(stores, [taskId], "much too late");
    expect(await seen(pair)).toEqual([T.COMPLETED, T.SUBMITTED, ResultStatus.COMPLETED]);
  });
});

it("CA3: the end of a session carries out what somebody had decided who died before it did", async () => {
  const pair = await submitPair(false);
  const { taskId, sessionId } = pair.task;
  const record = { outcome: "cancelled", error: "enough" } as const;
  await stores.tables.tasks.decide([{ taskId, from: [T.SUBMITTED], record }], 1);
  const status = SessionStatus.CANCELLED;
  await stores.tables.sessions.change(sessionId, [SessionStatus.RUNNING], { status });
  await cancelSessionTasks(stores, sessionId, { reason: "the end", running: true });
  const [task, waiting, result] = await seen(pair);
  expect([task, result]).toEqual([T.CANCELLED, ResultStatus.ABORTED]);
  expect([T.CANCELLED, T.ERROR]).toContain(waiting);
});

describe("what comes into a session that has ended", () => {
  const cancelled = async () => {
    const session = await stores.newSession();
    const status = SessionStatus.CANCELLED;
    await stores.tables.sessions.change(session, [SessionStatus.RUNNING], { status });
    await cancelSessionTasks(stores, session, { reason: "enough", running: true });
    return session;
  };

  it("CA3: is ended, too, when its submitter died before it looked", async () => {
    const session = await cancelled();
    const output = await stores.newResult(session);
    const task = stores.newTask(session, { expectedOutputIds: [output] });
    const { taskId } = task;
    await stores.tables.tasks.create([task]);
    await stores.tables.results.claim([{ resultId: output, taskId }]);
    await stores.tables.tasks.accept([taskId]);
    await endLate(stores, [session, session]);
    const [row] = await stores.tables.tasks.get([taskId]);
    const [result] = await stores.tables.results.get([output]);
    expect([row?.status, result?.status]).toEqual([T.CANCELLED, ResultStatus.ABORTED]);
  });

  it("CA2: leaves no result waiting that a task claimed and was never accepted", async () => {
    const session = await stores.newSession();
    const output = await stores.newResult(session);
    const task = stores.newTask(session, { expectedOutputIds: [output], createdAt: 1 });
    await stores.tables.tasks.create([task]);
    await stores.tables.results.claim([{ resultId: output, taskId: task.taskId }]);
    const status = SessionStatus.CANCELLED;
    await stores.tables.sessions.change(session, [SessionStatus.RUNNING], { status });
    await cancelSessionTasks(stores, session, { reason: "enough", running: true });
    expect(await collectOrphans(stores, 0)).toBe(1);
    const [result] = await stores.tables.results.get([output]);
    expect(result).toMatchObject({ status: ResultStatus.ABORTED, ownerTaskId: "" });
  });

  it("Y2: takes no call from an agent that has begun it before the closure was known", async () => {
    const { tables } = stores;
    const pair = await submitPair(false);
    const { taskId, sessionId } = pair.task;
    const report = { ...AGENT, partitionId: partitionId("default"), held: 1, idleMs: 0 };
    await tables.agents.heartbeat({ ...report, checksDone: 0 });
    await tables.tasks.acquire([taskId], AGENT, 1);
    const status = SessionStatus.CLOSED;
    await tables.sessions.change(sessionId, [SessionStatus.RUNNING], { status });
    const ended = endLate(stores, [sessionId]);
    await vi.waitFor(async () => {
      const [row] = await tables.agents.get([AGENT.agentId]);
      expect(row?.checksRequested).toBe(1);
    });
    await tables.tasks.start([{ taskId, attempt: 1, fetchedAt: 1, startedAt: 1 }]);
    await tables.agents.heartbeat({ ...report, checksDone: 1 });
    await ended;
    expect((await seen(pair))[0]).toBe(T.PROCESSING);
    await tables.agents.remove(AGENT.agentId);
  });

  it("is no reason to touch a session that runs", async () => {
    const pair = await submitPair(false);
    await endLate(stores, [pair.task.sessionId]);
    expect((await seen(pair))[0]).toBe(T.SUBMITTED);
  });
});
