// SC1: shown counts decide nothing that supervision does. Here they are wrong on purpose.
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { objectId, type SessionId, type TaskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { drift } from "../support/drift.ts";
import { submit, times } from "../support/orchestration.ts";
import { OK } from "../support/stand-in-agent.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";
import { supervise } from "./supervision.ts";

const PATIENCE = { timeout: 60_000, interval: 20 };
const { PENDING, PROCESSING, SUBMITTED } = TaskStatus;
/** Longer than anything that the counts could make happen. */
const A_WHILE_MS = 1_500;

let stores: TestStores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(() => stores[Symbol.asyncDispose]());

/** What the counts of all batches of the session say from now on, but for changes. */
const say = (session: SessionId, open: number, pending: number): void =>
  drift(
    stores.path,
    session,
    `UPDATE progress SET open = ${open}, pending = ${pending} WHERE session_id = ?`,
  );

const statusesOf = async (ids: readonly TaskId[]) =>
  (await stores.tables.tasks.get(ids)).map(({ status }) => status);

const isPending = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => false), sleep(A_WHILE_MS).then(() => true)]);

/** A task that runs, and how to end it. */
async function runningTask(session: SessionId) {
  const { tasks } = stores.tables;
  const [taskId] = await submit(stores, session, [{}]);
  if (!taskId) throw new Error("nothing submitted");
  await tasks.acquire([taskId], AGENT, 1);
  await tasks.start([{ taskId, attempt: 1, fetchedAt: 1, startedAt: 1 }]);
  return async () => {
    await tasks.decide([{ taskId, attempt: 1, from: [PROCESSING], record: OK }], 2);
    await tasks.finish([taskId], 3);
  };
}

it("a batch that seems to be over is watched to its end", async () => {
  const session = await stores.newSession();
  const end = await runningTask(session);
  say(session, 0, 0);
  await using watched = await supervise(stores, session, 1);
  expect(await isPending(watched.settled)).toBe(true);
  await end();
  expect(await watched.settled).toMatchObject([{ parked: false, info: { isOpen: false } }]);
});

it("a batch that seems to go on ends with its last task", async () => {
  const session = await stores.newSession();
  const end = await runningTask(session);
  say(session, 3, 1);
  await using watched = await supervise(stores, session, 1);
  await end();
  expect(await watched.settled).toMatchObject([{ parked: false, info: { isOpen: false } }]);
});

it("a batch that works is not parked, though all its tasks seem to wait", async () => {
  const session = await stores.newSession();
  const end = await runningTask(session);
  say(session, 1, 1);
  await using watched = await supervise(stores, session, 1, { parkAfterMs: 50 });
  expect(await isPending(watched.settled)).toBe(true);
  await end();
  expect(await watched.settled).toMatchObject([{ parked: false }]);
});

it("a batch that waits is parked, though it seems to work", async () => {
  const session = await stores.newSession();
  const input = await stores.newResult(session);
  await submit(stores, session, [{ dataDependencies: [input] }]);
  say(session, 1, 0);
  await using watched = await supervise(stores, session, 1, { parkAfterMs: 50 });
  expect(await watched.settled).toMatchObject([{ parked: true }]);
});

it("ready tasks are dispatched, and forgotten edges found, in a batch where no task seems to wait", async () => {
  const session = await stores.newSession();
  const inputs = await Promise.all(times(2, session).map((id) => stores.newResult(id)));
  const tasks = await submit(
    stores,
    session,
    inputs.map((input) => ({ dataDependencies: [input] })),
  );
  expect(await statusesOf(tasks)).toEqual([PENDING, PENDING]);
  const [closed, forgotten] = inputs;
  if (!closed || !forgotten) throw new Error("two inputs");
  // The one completer died before dispatching, the other one before closing its edges.
  await stores.tables.dependencies.close([closed]);
  const object = { resultId: forgotten, objectId: objectId("s-1-x"), size: 1 };
  await stores.tables.results.complete([object], 1);
  say(session, 0, 0);
  await using _watched = await supervise(stores, session, 2);
  await vi.waitFor(
    async () => expect(await statusesOf(tasks)).toEqual([SUBMITTED, SUBMITTED]),
    PATIENCE,
  );
});

it("counts that a store cannot keep exact are repaired now and then", async () => {
  const session = await stores.newSession();
  const end = await runningTask(session);
  const counts = { ...stores.tables.counts, exact: { byStatus: false, progress: false } };
  const behind = { ...stores, tables: { ...stores.tables, counts } };
  say(session, 7, 5);
  await using _watched = await supervise(behind, session, 1, { recountEveryMs: 100 });
  const key = { sessionId: session, batch: 1 };
  const shown = async () => (await stores.tables.batches.get([key]))[0]?.progress;
  await vi.waitFor(
    async () => expect(await shown()).toMatchObject({ open: 1, pending: 0 }),
    PATIENCE,
  );
  await end();
});
