import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectId, partitionId, type ResultId } from "../../src/domain/ids.ts";
import { ResultStatus, SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import type { TaskDefinition } from "../../src/domain/task.ts";
import { admit } from "../../src/lifecycle/admit.ts";
import { dispatchDirectly } from "../../src/lifecycle/dispatch.ts";
import { refuse } from "../../src/lifecycle/roll-forward.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { openStores, type TestStores } from "../support/stores.ts";

const { ERROR, PENDING, SUBMITTED } = TaskStatus;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const away = async (): Promise<never> => {
  throw new Error("away");
};

/** Stores in which something happens around the acceptance of tasks. */
function acceptingLate(around: (accept: () => Promise<boolean[]>) => Promise<boolean[]>): Stores {
  const { tables } = stores;
  const accept: typeof tables.tasks.accept = (ids) => around(() => tables.tasks.accept(ids));
  return { ...stores, tables: { ...tables, tasks: { ...tables.tasks, accept } } };
}

/** A task that is ready, one that waits, and one whose input is lost, all CREATING. */
async function stored() {
  const sessionId = await stores.newSession();
  const done = { status: ResultStatus.COMPLETED, objectId: objectId("s-x") };
  const payloadId = await stores.newResult(sessionId, done);
  const input = await stores.newResult(sessionId);
  const lost = await stores.newResult(sessionId, { status: ResultStatus.ABORTED });
  const output = await stores.newResult(sessionId);
  const tasks = [
    stores.newTask(sessionId, { payloadId, expectedOutputIds: [output] }),
    stores.newTask(sessionId, { payloadId, dataDependencies: [input] }),
    stores.newTask(sessionId, { payloadId, dataDependencies: [lost] }),
  ];
  const batches = tasks.map(({ batchId }) => ({ batchId, sessionId }));
  await stores.tables.tasks.create(tasks);
  return { sessionId, tasks, batches, input, output };
}

const statusesOf = async (tasks: readonly TaskDefinition[]) =>
  (await stores.tables.tasks.get(tasks.map(({ taskId }) => taskId))).map(({ status }) => status);

const ownerOf = async (resultId: ResultId) =>
  (await stores.tables.results.get([resultId]))[0]?.ownerTaskId;

describe("admission", () => {
  it("I1: accepts no task before its batch is on record", async () => {
    const { tasks, ...rest } = await stored();
    const { tables } = stores;
    const batches = { ...tables.batches, add: away };
    const broken = { ...stores, tables: { ...tables, batches } };
    await expect(admit(broken, { tasks, ...rest })).rejects.toThrow("away");
    expect(await statusesOf(tasks)).toEqual([]);
  });

  it("AD1: may stop anywhere, and be repeated by anyone until it is through", async () => {
    const { tasks, output, ...rest } = await stored();
    const { tables } = stores;
    const { dependencies, results, sessions, batches } = tables;
    const cuts: Partial<typeof tables>[] = [
      { batches: { ...batches, add: away } },
      { results: { ...results, claim: away } },
      { dependencies: { ...dependencies, add: away } },
      { tasks: { ...tables.tasks, accept: away } },
      { dependencies: { ...dependencies, close: away } },
      { sessions: { ...sessions, statuses: away } },
      { dependencies: { ...dependencies, ready: away } },
      { tasks: { ...tables.tasks, submit: away } },
    ];
    for (const cut of cuts) {
      const broken = { ...stores, tables: { ...tables, ...cut } };
      await expect(admit(broken, { tasks, ...rest })).rejects.toThrow("away");
    }
    for (let i = 0; i < 2; i += 1) await refuse(stores, await admit(stores, { tasks, ...rest }));
    expect(await statusesOf(tasks)).toEqual([SUBMITTED, PENDING, ERROR]);
    expect(await ownerOf(output)).toBe(tasks[0]?.taskId);
    const keys = [1, 2, 3, 4].map((batch) => ({ sessionId: rest.sessionId, batch }));
    expect(await batches.get(keys)).toHaveLength(3);
  });

  it("AD2, AD3: refuses tasks whose session ended while they were being stored, and publishes none", async () => {
    const { tasks, ...rest } = await stored();
    const status = SessionStatus.CANCELLED;
    const late = acceptingLate(async (accept) => {
      const accepted = await accept();
      await stores.tables.sessions.change(rest.sessionId, [SessionStatus.RUNNING], { status });
      return accepted;
    });
    await stores.purgeQueue();
    const rejected = await admit(late, { tasks, ...rest });
    expect(rejected.map(({ reason }) => reason)).toEqual(tasks.map(() => "the session has ended"));
    await refuse(stores, rejected);
    expect(await statusesOf(tasks)).toEqual([ERROR, ERROR, ERROR]);
    expect((await stores.queue.depth(partitionId("default")))?.waiting).toBe(0);
  });

  it("AD2: dispatches a task whose input came just before it was accepted", async () => {
    const { tasks, input, ...rest } = await stored();
    const late = acceptingLate(async (accept) => {
      const completed = { resultId: input, objectId: objectId("s-y"), size: 1 };
      await stores.tables.results.complete([completed], Date.now());
      const ready = await stores.tables.dependencies.close([input]);
      expect(ready).toEqual([tasks[1]?.taskId]);
      expect(await dispatchDirectly(stores, rest.sessionId, ready)).toBe(0);
      return await accept();
    });
    await refuse(stores, await admit(late, { tasks, ...rest }));
    expect(await statusesOf(tasks)).toEqual([SUBMITTED, SUBMITTED, ERROR]);
  });

  it("AD2: refuses a task whose input was lost just before it was accepted", async () => {
    const { tasks, input, ...rest } = await stored();
    const late = acceptingLate(async (accept) => {
      await stores.tables.results.abortUnowned(rest.sessionId, 10, Date.now());
      return await accept();
    });
    const rejected = await admit(late, { tasks, ...rest });
    expect(rejected.map(({ taskId }) => taskId)).toEqual([tasks[1]?.taskId, tasks[2]?.taskId]);
    await refuse(stores, rejected);
    expect(await statusesOf(tasks)).toEqual([SUBMITTED, ERROR, ERROR]);
    expect((await stores.tables.results.get([input]))[0]?.status).toBe(ResultStatus.ABORTED);
  });

  it("RF1: ends tasks whose input is lost, deleted, or of nobody's making", async () => {
    const { sessionId, tasks } = await stored();
    const deleted = await stores.newResult(sessionId, { status: ResultStatus.DELETED });
    const [first] = tasks;
    if (!first) throw new Error("nothing stored");
    const { payloadId } = first;
    const unknown = "11111111-2222-3333-4444-555555555555" as ResultId;
    const bad = [deleted, unknown].map((input) =>
      stores.newTask(sessionId, { payloadId, dataDependencies: [input] }),
    );
    await stores.tables.tasks.create(bad);
    const batches = bad.map(({ batchId }) => ({ batchId, sessionId }));
    await refuse(stores, await admit(stores, { sessionId, tasks: bad, batches }));
    expect(await statusesOf(bad)).toEqual([ERROR, ERROR]);
  });

  it("I4: has the status on record before the message: without the message it is SUBMITTED", async () => {
    const { tasks, ...rest } = await stored();
    await stores.purgeQueue();
    const broken = { ...stores, queue: { ...stores.queue, publish: away } };
    await expect(admit(broken, { tasks, ...rest })).rejects.toThrow("away");
    expect(await statusesOf(tasks)).toEqual([SUBMITTED, PENDING, PENDING]);
    expect(await stores.queue.depth(partitionId("default"))).toEqual({ waiting: 0 });
  });
});
