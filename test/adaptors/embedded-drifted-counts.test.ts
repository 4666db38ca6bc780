// SC1: shown counts decide nothing. Here they are wrong on purpose.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openTableStorage, type TableStorage } from "../../src/adaptors/table-storage.ts";
import type { BatchKey } from "../../src/domain/batch.ts";
import type { BatchId, SessionId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { bySession } from "../contracts/table-storage/conditions.ts";
import { finished, pending, running, submitted } from "../contracts/table-storage/steps.ts";
import { drift } from "../support/drift.ts";
import { batchIn, idsOf, only, someSession, tasksIn } from "../support/rows.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();
const open = async () => {
  const tables = await openTableStorage({ driver: "embedded", path: folder() });
  onTestFinished(() => tables[Symbol.asyncDispose]());
  return tables;
};

interface Batch {
  readonly session: SessionId;
  readonly batchId: BatchId;
  readonly key: BatchKey;
}

async function addBatch({ batches }: TableStorage, session = someSession()): Promise<Batch> {
  const batch = batchIn(session);
  return { session, batchId: batch.batchId, key: only(await batches.add([batch])) };
}

const progress = (session: SessionId, open: number, pending: number): void =>
  drift(
    folder(),
    session,
    `UPDATE progress SET open = ${open}, pending = ${pending}
    WHERE session_id = ?`,
  );

const NONE = "DELETE FROM progress WHERE session_id = ?";
const WILD = [
  "UPDATE progress SET open = 7, pending = 3, completed = 50, failed = -2 WHERE session_id = ?",
  "UPDATE task_counts SET count = count + 1000 WHERE session_id = ?",
  `INSERT INTO task_counts (session_id, status, partition_id, count)
     VALUES (?, ${TaskStatus.TIMEOUT}, '', 4)`,
] as const;

describe("a batch whose counts have drifted", () => {
  it("is open while it has an open task, and closed no later", async () => {
    const tables = await open();
    const { session, batchId, key } = await addBatch(tables);
    const isOpen = async () => only(await tables.batches.get([key])).isOpen;
    const [task] = await submitted(tables, tasksIn(session, 1, { batchId }));
    if (!task) throw new Error("no task");
    progress(session, 0, 0);
    expect(await isOpen()).toBe(true);
    expect(await tables.batches.close([key])).toEqual([]);
    drift(folder(), session, NONE);
    expect(await isOpen()).toBe(true);
    expect(await tables.batches.close([key])).toEqual([]);

    const from = [TaskStatus.SUBMITTED];
    await tables.tasks.decide([{ taskId: task, from, record: { outcome: "error", error: "" } }], 3);
    await tables.tasks.finish([task], 4);
    progress(session, 5, 5);
    expect(await isOpen()).toBe(false);
    expect(await tables.batches.close([key])).toMatchObject([key]);
    expect(await tables.batches.join(batchId)).toBe(false);
  });

  it("is parked if all its open tasks wait, and not otherwise", async () => {
    const tables = await open();
    const works = await addBatch(tables);
    await pending(tables, tasksIn(works.session, 2, { batchId: works.batchId }));
    await submitted(tables, tasksIn(works.session, 1, { batchId: works.batchId }));
    progress(works.session, 3, 3);
    const waits = await addBatch(tables);
    await pending(tables, tasksIn(waits.session, 2, { batchId: waits.batchId }));
    progress(waits.session, 2, 0);
    expect(await tables.batches.park([works.key, waits.key])).toEqual([waits.key]);
    expect(await tables.batches.join(works.batchId)).toBe(true);
  });

  it("does not stay parked when it could go on, and is not woken while it waits", async () => {
    const tables = await open();
    const some = await Promise.all(Array.from({ length: 30 }, () => addBatch(tables)));
    const ids = await Promise.all(
      some.map(({ session, batchId }) => pending(tables, tasksIn(session, 3, { batchId }))),
    );
    const keys = some.map(({ key }) => key);
    expect(await tables.batches.park(keys)).toEqual(keys);
    // The first ten can go on, and seem to wait; the next ten wait, and seem to be over.
    await tables.tasks.submit(
      ids.slice(0, 10).flatMap(([first]) => first ?? []),
      2,
    );
    for (const { session } of some.slice(0, 10)) progress(session, 3, 3);
    for (const { session } of some.slice(10, 20)) progress(session, 0, 0);
    const woken: BatchKey[] = [];
    await vi.waitFor(async () => {
      woken.push(...(await tables.batches.unparkReady()));
      expect(woken).toHaveLength(10);
    });
    await sleep(500);
    woken.push(...(await tables.batches.unparkReady()));
    expect(new Set(woken)).toEqual(new Set(keys.slice(0, 10)));
  });
});

describe("a session whose counts have drifted", () => {
  it("has the room in the queue that its tasks leave", async () => {
    const tables = await open();
    const session = someSession();
    await submitted(tables, tasksIn(session, 5));
    drift(folder(), session, ...WILD);
    expect(await tables.tasks.roomBelow(session, 20)).toBe(15);
  });

  it("has its tasks found, listed, walked over and paused, all of them", async () => {
    const tables = await open();
    const session = someSession();
    await running(tables, tasksIn(session, 1));
    await submitted(tables, tasksIn(session, 2));
    await pending(tables, tasksIn(session, 3));
    await finished(tables, tasksIn(session, 1));
    for (const wrong of [
      [`UPDATE progress SET open = 0, pending = 0 WHERE session_id = ?`],
      [NONE],
    ]) {
      drift(folder(), session, ...wrong);
      const { tasks } = tables;
      const { PENDING, PROCESSING } = TaskStatus;
      expect(await tasks.inSession(session, [PENDING, PROCESSING], 10)).toHaveLength(4);
      expect((await Array.fromAsync(tasks.walk(session))).flat()).toHaveLength(7);
      const filter = bySession(session);
      const sort = [{ field: "taskId", descending: false } as const];
      const { rows } = await tasks.list({ filter, sort, page: 0, pageSize: 10 });
      expect(rows).toHaveLength(7);
    }
    expect(await tables.tasks.pauseSession(session)).toBe(2);
  });

  it("is recounted, whatever happens to it meanwhile", async () => {
    const [tables, other] = [await open(), await open()];
    const session = someSession();
    const batches = await Promise.all(Array.from({ length: 6 }, () => addBatch(tables, session)));
    const closed = batches.slice(0, 3);
    for (const { batchId } of closed) await finished(tables, tasksIn(session, 40, { batchId }));
    expect(await tables.batches.close(closed.map(({ key }) => key))).toHaveLength(3);
    const moving = batches.slice(3).flatMap(({ batchId }) => tasksIn(session, 40, { batchId }));
    await pending(tables, moving);
    drift(folder(), session, ...WILD);

    const moves = Promise.all(idsOf(moving).map((id) => other.tasks.submit([id], 2)));
    await Promise.all([tables.counts.recount(session), other.counts.recount(session), moves]);
    const counted = new Map(
      (await tables.tasks.countByStatus(bySession(session))).map((row) => [row.status, row.count]),
    );
    expect(counted).toEqual(
      new Map([
        [TaskStatus.SUBMITTED, 120],
        [TaskStatus.COMPLETED, 120],
      ]),
    );
    expect(await tables.batches.taskCount(session)).toBe(240);
    const shown = (await tables.batches.get(batches.map(({ key }) => key))).map(
      ({ progress }) => progress,
    );
    const done = { open: 0, pending: 0, completed: 40, failed: 0 };
    const queued = { open: 40, pending: 0, completed: 0, failed: 0 };
    expect(shown).toEqual([done, done, done, queued, queued, queued]);
  });

  it("is recounted while tasks come to closed batches, and go again when they are refused", async () => {
    const [tables, other] = [await open(), await open()];
    const session = someSession();
    const batches = [await addBatch(tables, session), await addBatch(tables, session)];
    const keys = batches.map(({ key }) => key);
    for (const { batchId } of batches) await finished(tables, tasksIn(session, 1, { batchId }));
    expect(await tables.batches.close(keys)).toHaveLength(2);
    const [stay, go] = batches.map(({ batchId }) => tasksIn(session, 3, { batchId }));
    if (!stay || !go) throw new Error("two batches");
    await tables.tasks.create(go);
    // Between the look at the closed batches and the rest.
    await Promise.all([
      tables.counts.recount(session),
      other.tasks.create(stay),
      other.tasks.discard(idsOf(go)),
    ]);
    const shown = (await tables.batches.get(keys)).map(({ progress }) => progress.open);
    expect(shown).toEqual([3, 0]);
  });
});
