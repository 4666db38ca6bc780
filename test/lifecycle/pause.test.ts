import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectId, partitionId, type SessionId, type TaskId } from "../../src/domain/ids.ts";
import type { SessionStatusName } from "../../src/domain/session-commands.ts";
import { SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import type { CommitRecord } from "../../src/domain/task.ts";
import { dispatch } from "../../src/lifecycle/dispatch.ts";
import { pauseAttempts } from "../../src/lifecycle/pause-attempts.ts";
import { recordStatus } from "../../src/lifecycle/record-status.ts";
import { isDecided, rollForward } from "../../src/lifecycle/roll-forward.ts";
import { feedQueue } from "../../src/orchestrator/supervision/feed-queue.ts";
import { createBatchState, NEVER } from "../../src/orchestrator/supervision/state.ts";
import { submit, times } from "../support/orchestration.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";

const { PAUSED, PENDING, PROCESSING, SUBMITTED } = TaskStatus;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const set = (sessionId: SessionId, status: "Paused" | "Running") =>
  recordStatus(stores, { sessionId, status, clientSubmission: true, workerSubmission: true });

const queued = async () => (await stores.queue.depth(partitionId("default")))?.waiting;

const statusOf = async (taskId: TaskId | undefined) =>
  taskId && (await stores.tables.tasks.get([taskId]))[0]?.status;

describe("DI1: a paused session", () => {
  it("puts nothing on the queue that a commit makes ready, and puts it there when it is resumed", async () => {
    const session = await stores.newSession();
    const resultId = await stores.newResult(session);
    const [first, second] = await submit(stores, session, [
      { expectedOutputIds: [resultId] },
      { dataDependencies: [resultId] },
    ]);
    if (!first) throw new Error("nothing submitted");
    const { tasks } = stores.tables;
    await tasks.acquire([first], AGENT, 1);
    await tasks.start([{ taskId: first, attempt: 1, fetchedAt: 1, startedAt: 1 }]);
    await stores.purgeQueue();
    await set(session, "Paused");
    const results = [{ resultId, objectId: objectId("s-x"), size: 1 }];
    const record: CommitRecord = { outcome: "completed", results, staged: false };
    await tasks.decide([{ taskId: first, attempt: 1, from: [PROCESSING], record }], 2);
    await rollForward(stores, (await tasks.get([first])).filter(isDecided));
    expect([await statusOf(second), await queued()]).toEqual([PAUSED, 0]);
    await set(session, "Running");
    expect([await statusOf(second), await queued()]).toEqual([SUBMITTED, 1]);
  });

  it("leaves a task alone that still waits for an input", async () => {
    const session = await stores.newSession();
    const input = await stores.newResult(session);
    const [task] = await submit(stores, session, [{ dataDependencies: [input] }]);
    await set(session, "Paused");
    expect(await statusOf(task)).toBe(PENDING);
    await set(session, "Running");
    expect(await statusOf(task)).toBe(PENDING);
  });

  it("leaves nothing behind that was being paused while it was resumed", async () => {
    const session = await stores.newSession();
    await set(session, "Paused");
    const [ready] = await submit(stores, session, [{}]);
    if (!ready) throw new Error("nothing submitted");
    const { tables } = stores;
    const pause: typeof tables.tasks.pause = async (taskIds) => {
      await set(session, "Running");
      await tables.tasks.pause(taskIds);
    };
    const late = { ...stores, tables: { ...tables, tasks: { ...tables.tasks, pause } } };
    await dispatch(late, session, [ready]);
    expect(await statusOf(ready)).toBe(SUBMITTED);
  });

  it("leaves nothing behind that its agent was pausing while it was resumed", async () => {
    const session = await stores.newSession();
    const [id] = await submit(stores, session, [{}]);
    if (!id) throw new Error("nothing submitted");
    await stores.purgeQueue();
    const held = await stores.tables.tasks.acquire([id], AGENT, 1);
    await set(session, "Paused");
    await set(session, "Running");
    await pauseAttempts(stores, held);
    expect([await statusOf(id), await queued()]).toEqual([SUBMITTED, 1]);
  });

  it("is resumed whole, by supervision if need be, however much it holds", async () => {
    const session = await stores.newSession();
    await set(session, "Paused");
    await submit(stores, session, times(1_300, {}));
    const { tables } = stores;
    const count = async (status: TaskStatus) =>
      (await tables.tasks.inSession(session, [status], 5_000)).length;
    expect(await count(PAUSED)).toBe(1_300);
    await set(session, "Running");
    const keys = Array.from({ length: 50 }, (_, i) => ({ sessionId: session, batch: i + 1 }));
    const states = (await tables.batches.get(keys)).map((info) => createBatchState(info, NEVER));
    const left = await count(PAUSED);
    expect(left).toBeLessThan(1_300);
    const share = { deep: false, dispatchedAt: NEVER };
    await feedQueue({ ...stores, now: () => Date.now() + 60_000 }, session, states, share);
    expect([await count(PAUSED), await count(SUBMITTED)]).toEqual([0, 1_300]);
  });
});

describe("I4: the queue", () => {
  it("gets a task once from two who find it ready at the same time", async () => {
    const session = await stores.newSession();
    const input = await stores.newResult(session);
    const [task] = await submit(stores, session, [{ dataDependencies: [input] }]);
    if (!task) throw new Error("nothing submitted");
    await stores.purgeQueue();
    await stores.tables.dependencies.close([input]);
    const counts = await Promise.all(
      times(4, [task]).map((ready) => dispatch(stores, session, ready)),
    );
    expect(counts.toSorted()).toEqual([0, 0, 0, 1]);
    expect(await queued()).toBe(1);
  });
});

describe("the record of a session's status", () => {
  const change = (sessionId: SessionId, status: SessionStatusName) =>
    recordStatus(stores, { sessionId, status, clientSubmission: false, workerSubmission: false });

  it("keeps its dates when it is written again", async () => {
    const session = await stores.newSession();
    await change(session, "Closed");
    const before = await stores.tables.sessions.get(session);
    expect(before).toMatchObject({ status: SessionStatus.CLOSED, clientSubmission: false });
    await recordStatus(
      { ...stores, now: () => Date.now() + 60_000 },
      { sessionId: session, status: "Closed", clientSubmission: false, workerSubmission: false },
    );
    expect(await stores.tables.sessions.get(session)).toEqual(before);
  });

  it("never goes back, whoever writes late", async () => {
    const session = await stores.newSession();
    await change(session, "Cancelled");
    const before = await stores.tables.sessions.get(session);
    for (const late of ["Running", "Paused", "Closed"] as const) await change(session, late);
    expect(await stores.tables.sessions.get(session)).toEqual(before);
  });
});
