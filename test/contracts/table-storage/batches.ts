import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { SessionId } from "../../../src/domain/ids.ts";
import {
  batchIn,
  idsOf,
  only,
  someBatch,
  someSession,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import {
  acquired,
  CANCELLED,
  COMPLETED,
  FAILED,
  finished,
  pending,
  RETRIED,
  TIMED_OUT,
} from "./steps.ts";

const unannouncedOf = async ({ batches }: TableStorage, session: SessionId) =>
  (await batches.unannounced({})).find(({ sessionId }) => sessionId === session);

export function batches({ open }: TableStoragePromises): void {
  it("numbers batches in their session, and gives each its number once", async () => {
    const { batches } = await open();
    const [session, other] = [someSession(), someSession()];
    const [a, b, c] = [batchIn(session), batchIn(session), batchIn(other)];
    expect(await batches.add([a, c, b, a])).toEqual([
      { sessionId: session, batch: 1 },
      { sessionId: other, batch: 1 },
      { sessionId: session, batch: 2 },
      { sessionId: session, batch: 1 },
    ]);
    const d = batchIn(session);
    expect((await batches.add([b, d])).map(({ batch }) => batch)).toEqual([2, 3]);
  });

  it("leaves no gap between the numbers that many submitters get at once", async () => {
    const [one, two] = [await open(), await open()];
    const session = someSession();
    const keys = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 ? one : two).batches.add([batchIn(session), batchIn(session)]),
      ),
    );
    const numbers = keys.flat().map(({ batch }) => batch);
    expect(numbers.sort((x, y) => x - y)).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
  });

  it("counts the accepted tasks of a session, retries once", async () => {
    const tables = await open();
    const session = someSession();
    expect(await tables.batches.taskCount(session)).toBe(0);
    await pending(tables, tasksIn(session, 7));
    await tables.tasks.create(tasksIn(session, 5));
    await finished(tables, tasksIn(session, 2));
    await finished(tables, tasksIn(session, 1), RETRIED);
    await pending(tables, tasksIn(someSession(), 4));
    expect(await tables.batches.taskCount(session)).toBe(9);
  });

  it("closes a batch that has no open task; from then on it takes no more", async () => {
    const tables = await open();
    const session = someSession();
    const [busy, done] = [batchIn(session), batchIn(session, { lingerMs: 300 })];
    const unknown = { sessionId: session, batch: 9 };
    const [first, second] = await tables.batches.add([busy, done]);
    if (!first || !second) throw new Error("two batches were added");
    const [task] = tasksIn(session, 1, { batchId: busy.batchId });
    if (!task) throw new Error("no task");
    await finished(tables, tasksIn(session, 3, { batchId: done.batchId }));
    await tables.tasks.create([task]);
    expect(await tables.batches.join(done.batchId)).toBe(true);
    const info = {
      ...{ ...second, batchId: done.batchId, lingerMs: 300, isOpen: false },
      progress: { open: 0, pending: 0, completed: 3, failed: 0 },
    };
    expect(await tables.batches.close([first, second, unknown])).toEqual([info]);
    expect(await tables.batches.join(busy.batchId)).toBe(true);
    expect(await tables.batches.join(done.batchId)).toBe(false);
    // Repeated, by a watcher that died before it could tell: the same answer.
    expect(await tables.batches.close([second])).toEqual([info]);
    await tables.tasks.discard([task.taskId]);
    expect(await tables.batches.close([first])).toMatchObject([first]);
    expect(await tables.batches.join(busy.batchId)).toBe(false);
    expect(await tables.batches.join(someBatch())).toBe(true);
  });

  it("lets no task join a closed batch unseen, however the two meet", async () => {
    const [submitter, watcher] = [await open(), await open()];
    const session = someSession();
    for (let i = 0; i < 20; i++) {
      const batch = batchIn(session);
      const key = only(await submitter.batches.add([batch]));
      const join = async () => {
        await submitter.tasks.create(tasksIn(session, 1, { batchId: batch.batchId }));
        return await submitter.batches.join(batch.batchId);
      };
      const [joined, closed] = await Promise.all([join(), watcher.batches.close([key])]);
      expect(joined && closed.length > 0).toBe(false);
    }
  });

  it("announces batches until their workflow knows them", async () => {
    const tables = await open();
    const session = someSession();
    await tables.batches.add([
      batchIn(session, { name: "one" }),
      batchIn(session),
      batchIn(session),
    ]);
    await pending(tables, tasksIn(session, 6));
    const all = { sessionId: session, upTo: 3, tasks: 6, names: { 1: "one" } };
    const query = { sessionId: session };
    expect(await tables.batches.unannounced(query)).toEqual([all]);
    expect(await unannouncedOf(tables, session)).toEqual(all);
    await tables.batches.announced(session, 1);
    expect(await tables.batches.unannounced(query)).toEqual([{ ...all, names: {} }]);
    await tables.batches.announced(session, 3);
    expect(await tables.batches.unannounced(query)).toEqual([]);
    expect(await unannouncedOf(tables, session)).toBeUndefined();

    await tables.batches.add([batchIn(session, { name: "four" })]);
    await tables.batches.announced(session, 2);
    const later = { ...all, upTo: 4, names: { 4: "four" } };
    expect(await tables.batches.unannounced(query)).toEqual([later]);
  });

  it("announces all batches once more when their workflow has lost what it knew", async () => {
    const { batches } = await open();
    const [session, other] = [someSession(), someSession()];
    await batches.add([batchIn(session, { name: "one" }), batchIn(session), batchIn(other)]);
    for (const id of [session, other]) await batches.announced(id, 2);
    await batches.announceAgain(session);
    const again = only(await batches.unannounced({ sessionId: session }));
    expect(again).toMatchObject({ upTo: 2, names: { 1: "one" } });
    expect(await batches.unannounced({ sessionId: other })).toEqual([]);
  });

  it("tells at most 64 names, the first ones", async () => {
    const { batches } = await open();
    const session = someSession();
    await batches.add(Array.from({ length: 70 }, (_, i) => batchIn(session, { name: `${i + 1}` })));
    const { upTo, names } = only(await batches.unannounced({ sessionId: session }));
    expect(upTo).toBe(70);
    expect(Object.entries(names)).toEqual(
      Array.from({ length: 64 }, (_, i) => [`${i + 1}`, `${i + 1}`]),
    );
  });

  it("leaves young batches to their submitter", async () => {
    const { batches } = await open();
    const session = someSession();
    await batches.add([batchIn(session)]);
    const ofAge = async (olderThanMs: number) =>
      (await batches.unannounced({ sessionId: session, olderThanMs })).map(({ upTo }) => upTo);
    expect(await ofAge(10_000)).toEqual([]);
    expect(await ofAge(0)).toEqual([1]);
    await sleep(505);
    await batches.add([batchIn(session)]);
    expect(await ofAge(500)).toEqual([1]);
    expect(await ofAge(0)).toEqual([2]);
  });

  it("judges a batch by its tasks, stored before or after it", async () => {
    const tables = await open();
    const session = someSession();
    const batch = batchIn(session, { name: "named" });
    const { batchId } = batch;
    await pending(tables, tasksIn(session, 2, { batchId }));
    const key = only(await tables.batches.add([batch]));
    await acquired(tables, tasksIn(session, 1, { batchId }));
    await tables.tasks.create(tasksIn(session, 1, { batchId }));
    for (const record of [COMPLETED, FAILED, CANCELLED, TIMED_OUT, RETRIED])
      await finished(tables, [taskIn(session, { batchId })], record);
    const empty = only(await tables.batches.add([batchIn(session)]));
    const unknown = { sessionId: session, batch: 9 };
    const info = {
      ...key,
      batchId,
      name: "named",
      isOpen: true,
      progress: { open: 4, pending: 2, completed: 1, failed: 3 },
    };
    expect(await tables.batches.get([empty, unknown, key, key])).toMatchObject([
      { ...empty, isOpen: false, progress: { open: 0, pending: 0, completed: 0, failed: 0 } },
      info,
      info,
    ]);
  });

  it("counts no tasks that were discarded, withdrawn or have expired", async () => {
    const tables = await open();
    const session = someSession();
    const batch = batchIn(session);
    const tasks = tasksIn(session, 5, { batchId: batch.batchId });
    const key = only(await tables.batches.add([batch]));
    await tables.tasks.create(tasks);
    await tables.tasks.discard(idsOf(tasks.slice(0, 1)));
    await tables.tasks.expire(idsOf(tasks.slice(1, 3)));
    expect(only(await tables.batches.get([key])).progress).toMatchObject({ open: 2 });
    await tables.tasks.accept(idsOf(tasks));
    expect(await tables.batches.close([key])).toEqual([]);
    await tables.tasks.withdraw(idsOf(tasks));
    await tables.tasks.discard(idsOf(tasks));
    expect(await tables.batches.close([key])).toMatchObject([{ progress: { open: 0 } }]);
  });
}
