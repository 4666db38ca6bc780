import { afterAll, beforeAll, expect, it } from "vitest";
import { objectId, retryId, type SessionId, stageOf, type TaskId } from "../../src/domain/ids.ts";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import type { CommitRecord, TaskDefinition } from "../../src/domain/task.ts";
import { admit } from "../../src/lifecycle/admit.ts";
import { isDecided, rollForward } from "../../src/lifecycle/roll-forward.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { countRoundTrips } from "../support/round-trips.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";

const T = TaskStatus;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

/** A decided task with an output, a child that takes over another, and two that wait for these. */
async function decided(outcome: "completed" | "error" | "retried", given?: SessionId) {
  const session = given ?? (await stores.newSession());
  const payloadId = await stores.newResult(session, {
    ...{ status: ResultStatus.COMPLETED, objectId: objectId("s-x") },
  });
  const [made, left] = [await stores.newResult(session), await stores.newResult(session)];
  const task = stores.newTask(session, { payloadId, expectedOutputIds: [made, left] });
  const waiting = [made, left].map((id) =>
    stores.newTask(session, { payloadId, dataDependencies: [id] }),
  );
  const tasks = [task, ...waiting];
  await stores.tables.tasks.create(tasks);
  const batches = tasks.map(({ batchId }) => ({ batchId, sessionId: session }));
  await admit(stores, { sessionId: session, tasks, batches });
  const { taskId } = task;
  const child = stores.newTask(session, {
    ...{ payloadId, expectedOutputIds: [left], createdBy: taskId },
    parentTaskIds: [session, taskId],
  });
  await stores.tables.tasks.acquire([taskId], AGENT, 1);
  await stores.tables.tasks.start([{ taskId, attempt: 1, fetchedAt: 1, startedAt: 1 }]);
  await stores.tables.tasks.create([child], { stage: stageOf(taskId, 1) });
  const results = [{ resultId: made, objectId: objectId("s-made"), size: 1 }];
  const records: Record<typeof outcome, CommitRecord> = {
    completed: { outcome: "completed", results, staged: true },
    error: { outcome: "error", error: "no" },
    retried: { outcome: "retried", error: "no", crashed: false },
  };
  const record = records[outcome];
  await stores.tables.tasks.decide([{ taskId, attempt: 1, from: [T.PROCESSING], record }], 2);
  return { task, waiting, child };
}

/** The stores, of which the n-th verb from now on fails instead of being carried out. */
function failing(n: number): { stores: Stores; failed: () => boolean } {
  let left = n;
  const cut = <O extends object>(target: O): O =>
    new Proxy(target, {
      get(object, key) {
        const value: unknown = Reflect.get(object, key);
        if (typeof value === "object" && value !== null) return cut(value);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          left -= 1;
          if (left === 0) throw new Error("away");
          return await value.apply(object, args);
        };
      },
    });
  const { tables, objects, queue } = stores;
  const parts = { tables: cut(tables), objects: cut(objects), queue: cut(queue) };
  return { stores: { ...stores, ...parts }, failed: () => left <= 0 };
}

const statusesOf = async (tasks: readonly Pick<TaskDefinition, "taskId">[]) =>
  (await stores.tables.tasks.get(tasks.map(({ taskId }) => taskId))).map(({ status }) => status);

const carryOut = async (on: Stores, { taskId }: TaskDefinition): Promise<void> =>
  rollForward(on, (await stores.tables.tasks.get([taskId])).filter(isDecided));

/** The task, those that wait for its outputs, and its subtask if that counts. */
const ENDS = {
  completed: [T.COMPLETED, T.SUBMITTED, T.PENDING, T.SUBMITTED],
  error: [T.ERROR, T.ERROR, T.ERROR],
  retried: [T.RETRIED, T.PENDING, T.PENDING],
} as const;

it.each(["completed", "error", "retried"] as const)(
  "I3: has the final status of a task that is %s on record last, whichever step fails, and is repeated until it is",
  { timeout: 60_000 },
  async (outcome) => {
    const ends = ENDS[outcome];
    for (let n = 1; ; n += 1) {
      const { task, waiting, child } = await decided(outcome);
      const broken = failing(n);
      const failure = await carryOut(broken.stores, task).catch((error: Error) => error.message);
      if (!broken.failed()) {
        expect(n).toBeGreaterThan(8);
        return;
      }
      const [status] = await statusesOf([task]);
      expect(failure, `step ${n}`).toBe("away");
      // Once it has its status its own part is done, and those it fails are decided.
      if (status !== T.PROCESSED)
        for (const [i, one] of (await statusesOf(waiting)).entries())
          expect([ends[i + 1], T.PROCESSED], `step ${n}`).toContain(one);
      for (const one of [task, ...waiting]) await carryOut(stores, one);
      expect(await statusesOf([task, ...waiting, child]), `step ${n}`).toEqual(ends);
    }
  },
);

it.each(["completed", "error", "retried"] as const)(
  "takes as many round trips for a group of tasks that are %s as for one",
  async (outcome) => {
    const tripsFor = async (count: number): Promise<number> => {
      const session = await stores.newSession();
      const ids: TaskId[] = [];
      for (let i = 0; i < count; i += 1) ids.push((await decided(outcome, session)).task.taskId);
      const tasks = (await stores.tables.tasks.get(ids)).filter(isDecided);
      const { stores: counted, measure } = countRoundTrips(stores);
      const trips = await measure(() => rollForward(counted, tasks));
      expect(await statusesOf(tasks)).toEqual(ids.map(() => ENDS[outcome][0]));
      return trips.length;
    };
    expect(await tripsFor(6)).toBe(await tripsFor(1));
  },
);

it("carries out a group of tasks of several sessions, whatever they end in", async () => {
  const ends = await Promise.all([
    decided("completed"),
    decided("error"),
    decided("retried"),
    decided("completed"),
  ]);
  const tasks = await stores.tables.tasks.get(ends.map(({ task }) => task.taskId));
  await rollForward(stores, tasks.filter(isDecided));
  const statuses = [];
  for (const { task, waiting, child } of ends)
    statuses.push(await statusesOf([task, ...waiting, child]));
  expect(statuses).toEqual([ENDS.completed, ENDS.error, ENDS.retried, ENDS.completed]);
  const successor = retryId(tasks[2]?.taskId ?? ("" as never), 1);
  expect(await statusesOf([{ taskId: successor }])).toEqual([T.SUBMITTED]);
});
