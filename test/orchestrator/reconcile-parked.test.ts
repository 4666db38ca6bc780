import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { objectId, type ResultId, type SessionId, type TaskId } from "../../src/domain/ids.ts";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import { errorOf } from "../../src/domain/task.ts";
import { submit, times } from "../support/orchestration.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { supervise } from "./supervision.ts";

const PATIENCE = { timeout: 60_000, interval: 20 };
const { COMPLETED, ERROR, PENDING, SUBMITTED } = TaskStatus;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const statusesOf = async (ids: readonly TaskId[]) =>
  (await stores.tables.tasks.get(ids)).map(({ status }) => status);

/** An upload whose submitter died right after the row was written. */
const completeOnly = async (resultId: ResultId): Promise<void> => {
  const object = { resultId, objectId: objectId("s-1-x"), size: 1 };
  expect(await stores.tables.results.complete([object], Date.now())).toEqual([true]);
};

/** A session with tasks that wait for one input each. */
const waiting = async (count: number) => {
  const session = await stores.newSession();
  const inputs = await Promise.all(times(count, session).map((id) => stores.newResult(id)));
  const tasks = await submit(
    stores,
    session,
    inputs.map((input) => ({ dataDependencies: [input] })),
  );
  expect(await statusesOf(tasks)).toEqual(times(count, PENDING));
  return { session, inputs, tasks };
};

const park = async (sessionId: SessionId, batches: number): Promise<void> => {
  const keys = times(batches, sessionId).map((id, i) => ({ sessionId: id, batch: i + 1 }));
  expect(await stores.tables.batches.park(keys)).toEqual(keys);
};

const unparked = async (sessionId: SessionId) =>
  (await stores.tables.batches.unparkReady()).filter((key) => key.sessionId === sessionId);

describe("the reconciler of parked batches", () => {
  it("wakes tasks whose input was completed by somebody who died before closing its edges", async () => {
    const { session, inputs, tasks } = await waiting(3);
    for (const input of inputs) await completeOnly(input);
    await using _agent = await openStandInAgent(stores);
    await using watched = await supervise(stores, session, 3);
    await watched.settled;
    expect(await statusesOf(tasks)).toEqual([COMPLETED, COMPLETED, COMPLETED]);
  });

  it("goes through the open edges of a task with thousands of inputs, a page at a time", async () => {
    const session = await stores.newSession();
    const inputs = await Promise.all(times(1_700, session).map((id) => stores.newResult(id)));
    const [task] = await submit(stores, session, [{ dataDependencies: inputs }]);
    if (!task) throw new Error("nothing submitted");
    await Promise.all(inputs.map(completeOnly));
    const pages: number[] = [];
    const { dependencies } = stores.tables;
    const openInBatches: typeof dependencies.openInBatches = async (batches, limit) => {
      pages.push(limit);
      return await dependencies.openInBatches(batches, limit);
    };
    const tables = { ...stores.tables, dependencies: { ...dependencies, openInBatches } };
    await using _agent = await openStandInAgent(stores);
    await using watched = await supervise({ ...stores, tables }, session, 1);
    await watched.settled;
    expect(await statusesOf([task])).toEqual([COMPLETED]);
    expect(pages.length).toBeGreaterThan(1);
    expect(Math.max(...pages)).toBeLessThanOrEqual(500);
  });

  it("ends tasks whose input was aborted by somebody who died before telling them", async () => {
    const { session, inputs, tasks } = await waiting(2);
    const [lost, fine] = inputs;
    if (!lost || !fine) throw new Error("there are two inputs");
    // `lost` is nobody's, `fine` is about to be produced.
    await stores.tables.results.claim([{ resultId: fine, taskId: "producer" as TaskId }]);
    expect(await stores.tables.results.abortUnowned(session, 10, Date.now())).toEqual([lost]);
    await using _watched = await supervise(stores, session, 2);
    await vi.waitFor(
      async () => expect(await statusesOf(tasks)).toEqual([ERROR, PENDING]),
      PATIENCE,
    );
    const [ended] = await stores.tables.tasks.get(tasks);
    expect(ended && errorOf(ended)).toBe(`Aborted: input ${lost} will never be there`);
  });

  it("tells the dependents of what it ends, too", async () => {
    const session = await stores.newSession();
    const [lost, output] = [await stores.newResult(session), await stores.newResult(session)];
    const tasks = await submit(stores, session, [
      { dataDependencies: [lost], expectedOutputIds: [output] },
      { dataDependencies: [output] },
    ]);
    await stores.tables.results.abortUnowned(session, 10, Date.now());
    await using watched = await supervise(stores, session, 2);
    await watched.settled;
    expect(await statusesOf(tasks)).toEqual([ERROR, ERROR]);
    const [row] = await stores.tables.results.get([output]);
    expect(row?.status).toBe(ResultStatus.ABORTED);
  });

  it("admits to the end a task whose submitter died between acceptance and its second look", async () => {
    const { tables } = stores;
    const session = await stores.newSession();
    const done = { status: ResultStatus.COMPLETED };
    const [payloadId, input] = [
      await stores.newResult(session, done),
      await stores.newResult(session),
    ];
    const task = stores.newTask(session, { payloadId, dataDependencies: [input] });
    // The submitter read the input as open; it was completed, and its edges closed, before ours was there.
    await completeOnly(input);
    await tables.dependencies.close([input]);
    await tables.tasks.create([task]);
    await tables.dependencies.add([{ taskId: task.taskId, resultIds: [input] }]);
    await tables.batches.add([{ batchId: task.batchId, sessionId: session }]);
    await tables.tasks.accept([task.taskId]);
    await using _agent = await openStandInAgent(stores);
    await using watched = await supervise(stores, session, 1);
    await watched.settled;
    expect(await statusesOf([task.taskId])).toEqual([COMPLETED]);
  });

  it("finds forgotten edges in batches that another orchestrator parked before it died", async () => {
    const { session, inputs, tasks } = await waiting(30);
    await park(session, 30);
    await completeOnly(inputs[29] as ResultId);
    await using _watched = await supervise(stores, session, 0);
    await vi.waitFor(
      async () => expect(await statusesOf(tasks.slice(29))).toEqual([SUBMITTED]),
      PATIENCE,
    );
    expect(await unparked(session)).toEqual([{ sessionId: session, batch: 30 }]);
  });

  it("finds ready tasks in batches that another orchestrator parked before it died", async () => {
    const { session, inputs, tasks } = await waiting(30);
    await park(session, 30);
    // The completer died between closing the edges and dispatching.
    await stores.tables.dependencies.close(inputs.slice(29));
    expect(await unparked(session)).toEqual([]);
    await using _watched = await supervise(stores, session, 0);
    await vi.waitFor(
      async () => expect(await statusesOf(tasks.slice(29))).toEqual([SUBMITTED]),
      PATIENCE,
    );
    expect(await unparked(session)).toEqual([{ sessionId: session, batch: 30 }]);
  });

  it("looks ever more rarely at edges in which there is nothing to be found", async () => {
    const { session, tasks } = await waiting(1);
    const [task] = await stores.tables.tasks.get(tasks);
    const looks: number[] = [];
    const { dependencies } = stores.tables;
    const openInBatches: typeof dependencies.openInBatches = async (batches, limit) => {
      if (batches.some(({ batchId }) => batchId === task?.batchId)) looks.push(performance.now());
      return await dependencies.openInBatches(batches, limit);
    };
    const tables = { ...stores.tables, dependencies: { ...dependencies, openInBatches } };
    const parkedReconciler = { firstMs: 400 };
    await using _watched = await supervise({ ...stores, tables }, session, 1, { parkedReconciler });
    await vi.waitFor(() => expect(looks.length).toBeGreaterThanOrEqual(4), PATIENCE);
    const pauses = looks.slice(1).map((at, i) => at - (looks[i] ?? 0));
    for (const [i, pause] of pauses.entries())
      expect(pause).toBeGreaterThanOrEqual(800 * 2 ** i - 50);
  });
});
