import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectId } from "../../src/domain/ids.ts";
import { ResultStatus, SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import type { TaskDefinition } from "../../src/domain/task.ts";
import { admit } from "../../src/lifecycle/admit.ts";
import { collectOrphans } from "../../src/lifecycle/orphans.ts";
import { refuse } from "../../src/lifecycle/roll-forward.ts";
import { takeBack } from "../../src/lifecycle/take-back.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";

const { CANCELLED, COMPLETED, PENDING, PROCESSING, SUBMITTED } = TaskStatus;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

/** Stored tasks that wait for nothing, with an output each, and how to have them accepted. */
async function stored(count: number) {
  const sessionId = await stores.newSession();
  const data = { status: ResultStatus.COMPLETED, objectId: objectId("s-x") };
  const payloadId = await stores.newResult(sessionId, data);
  const tasks: TaskDefinition[] = [];
  for (let i = 0; i < count; i += 1) {
    const output = await stores.newResult(sessionId);
    tasks.push(stores.newTask(sessionId, { payloadId, expectedOutputIds: [output] }));
  }
  await stores.tables.tasks.create(tasks);
  const batches = tasks.map(({ batchId }) => ({ batchId, sessionId }));
  return { sessionId, tasks, accept: () => admit(stores, { sessionId, tasks, batches, ...WHOLE }) };
}
const WHOLE = { allOrNone: true } as const;

const idsOf = (tasks: readonly TaskDefinition[]) => tasks.map(({ taskId }) => taskId);
const statusesOf = async (tasks: readonly TaskDefinition[]) =>
  (await stores.tables.tasks.get(idsOf(tasks))).map(({ status }) => status);
const outputsOf = async (tasks: readonly TaskDefinition[]) =>
  (await stores.tables.results.get(tasks.flatMap((task) => task.expectedOutputIds))).map(
    ({ status, ownerTaskId }) => ({ status, ownerTaskId }),
  );
const claimsBy = (tasks: readonly TaskDefinition[]) =>
  tasks.flatMap(({ taskId, expectedOutputIds }) =>
    expectedOutputIds.map((resultId) => ({ resultId, taskId })),
  );
const FREE = { status: ResultStatus.CREATED, ownerTaskId: "" };

describe("a submission of which a task is missing", () => {
  it("AD4: is refused before any of it is dispatched, and nothing of it is kept", async () => {
    const { tasks, accept } = await stored(3);
    await stores.tables.tasks.expire(idsOf(tasks.slice(1, 2)));
    await expect(accept()).rejects.toMatchObject({
      ...{ code: "SUBMISSION_EXPIRED", status: "UNAVAILABLE" },
      message: expect.stringContaining("1 of its 3 tasks"),
    });
    expect(await statusesOf(tasks)).toEqual([PENDING, PENDING]);
    await takeBack(stores, tasks);
    expect(await statusesOf(tasks)).toEqual([]);
    expect(await outputsOf(tasks)).toEqual([FREE, FREE, FREE]);
    expect(await stores.tables.tasks.accept(idsOf(tasks))).toEqual([false, false, false]);
  });

  it("AD4: is passed over where it follows from a commit: it was deleted with its session", async () => {
    const { sessionId, tasks } = await stored(2);
    const [gone, other] = tasks as [TaskDefinition, TaskDefinition];
    await stores.tables.tasks.discard([gone.taskId]);
    const batches = tasks.map(({ batchId }) => ({ batchId, sessionId }));
    expect(await admit(stores, { sessionId, tasks, batches })).toEqual([]);
    expect(await statusesOf([other])).toEqual([SUBMITTED]);
  });
});

describe("taking back", () => {
  it("TB1: leaves the outputs free, whatever has begun with their tasks", async () => {
    const { tasks, accept } = await stored(3);
    await accept();
    const [queued, runs, done] = tasks as [TaskDefinition, TaskDefinition, TaskDefinition];
    const { tables } = stores;
    for (const { taskId } of [runs, done]) {
      await tables.tasks.acquire([taskId], AGENT, 1);
      await tables.tasks.start([{ taskId, attempt: 1, fetchedAt: 1, startedAt: 1 }]);
    }
    const record = { outcome: "completed", results: [], staged: false } as const;
    await tables.tasks.decide([{ taskId: done.taskId, attempt: 1, from: [PROCESSING], record }], 1);
    await tables.tasks.finish([done.taskId], 1);
    for (let i = 0; i < 2; i += 1) await takeBack(stores, tasks);
    expect(await statusesOf([queued, runs, done])).toEqual([CANCELLED, CANCELLED, COMPLETED]);
    expect(await outputsOf(tasks)).toEqual([FREE, FREE, FREE]);
  });

  it("ends what it frees when the session has ended meanwhile", async () => {
    const { sessionId, tasks, accept } = await stored(2);
    await accept();
    const { sessions } = stores.tables;
    await sessions.change(sessionId, [SessionStatus.RUNNING], { status: SessionStatus.CANCELLED });
    await takeBack(stores, tasks);
    const ABORTED = { status: ResultStatus.ABORTED, ownerTaskId: "" };
    expect(await outputsOf(tasks)).toEqual([ABORTED, ABORTED]);
  });
});

describe("a collector and a creator that comes back", () => {
  it("OR3: decide it between them: a task that was accepted keeps its outputs", async () => {
    const { tasks, accept } = await stored(2);
    // Accepted while the collector is between its look and its first change.
    const orphans: typeof stores.tables.tasks.orphans = async (query) => {
      const found = await stores.tables.tasks.orphans(query);
      await accept();
      return found;
    };
    const tables = { ...stores.tables, tasks: { ...stores.tables.tasks, orphans } };
    expect(await collectOrphans({ ...stores, tables }, 0)).toBe(0);
    expect(await outputsOf(tasks)).toEqual(
      tasks.map(({ taskId }) => ({ status: ResultStatus.CREATED, ownerTaskId: taskId })),
    );
    expect(await statusesOf(tasks)).toEqual([SUBMITTED, SUBMITTED]);
  });

  it("OR3: decide it between them: what a dead collector left expired is never accepted", async () => {
    const { tasks, accept } = await stored(2);
    const dead = () => Promise.reject(new Error("dead"));
    const tables = { ...stores.tables, results: { ...stores.tables.results, transfer: dead } };
    await expect(collectOrphans({ ...stores, tables }, 0)).rejects.toThrow("dead");
    await expect(accept()).rejects.toMatchObject({ code: "SUBMISSION_EXPIRED" });
    expect(await collectOrphans(stores, 0, 0)).toBe(0);
    expect(await outputsOf(tasks)).toEqual([FREE, FREE]);
  });

  it("OR4: leave no output to a task that is not, though the creator dies over its claims", async () => {
    const { tasks } = await stored(2);
    const { tables } = stores;
    expect(await collectOrphans(stores, 0)).toBe(2);
    await tables.results.claim(claimsBy(tasks));
    expect(await collectOrphans(stores, 0, 60_000)).toBe(0);
    expect((await tables.tasks.expired({ olderThanMs: 0, limit: 10 })).length).toBe(2);
    await collectOrphans(stores, 0, 0);
    expect(await outputsOf(tasks)).toEqual([FREE, FREE]);
    expect(await tables.tasks.expired({ olderThanMs: 0, limit: 10 })).toEqual([]);
  });
});

/** What the client submits once more: other tasks, with the same outputs. */
async function again(tasks: readonly TaskDefinition[]): Promise<readonly TaskDefinition[]> {
  const { sessionId } = tasks[0] as TaskDefinition;
  const named = tasks.flatMap(({ payloadId, expectedOutputIds }) => [
    payloadId,
    ...expectedOutputIds,
  ]);
  const rows = await stores.tables.results.get([...new Set(named)]);
  const known = new Map(rows.map((row) => [row.resultId, row]));
  const twins = tasks.map(({ payloadId, expectedOutputIds }) =>
    stores.newTask(sessionId, { payloadId, expectedOutputIds }),
  );
  await stores.tables.tasks.create(twins);
  const batches = twins.map(({ batchId }) => ({ batchId, sessionId }));
  await admit(stores, { sessionId, tasks: twins, batches, known, ...WHOLE });
  return twins;
}

describe("a submission that is made again before the first one was collected", () => {
  it("AD5: owns its outputs, which its failure aborts", async () => {
    const { tasks } = await stored(2);
    await stores.tables.results.claim(claimsBy(tasks));
    const twins = await again(tasks);
    await collectOrphans(stores, 0);
    expect(await outputsOf(tasks)).toEqual(
      twins.map(({ taskId }) => ({ status: ResultStatus.CREATED, ownerTaskId: taskId })),
    );
    const reason = "enough";
    await refuse(
      stores,
      twins.map(({ taskId }) => ({ taskId, reason })),
    );
    const { ABORTED } = ResultStatus;
    expect((await outputsOf(tasks)).map(({ status }) => status)).toEqual([ABORTED, ABORTED]);
  });

  it("AD5: takes nothing from tasks that were accepted", async () => {
    const { tasks, accept } = await stored(1);
    await accept();
    await again(tasks);
    expect(await outputsOf(tasks)).toMatchObject([{ ownerTaskId: tasks[0]?.taskId }]);
  });
});
