import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { TaskStatus } from "../../../src/domain/status.ts";
import { batchIn, idsOf, only, someSession, taskIn, tasksIn } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { acquired, FAILED, keyOf, pending } from "./steps.ts";

export function parking({ open }: TableStoragePromises): void {
  it("takes nothing into a batch that is parked", async () => {
    const { batches } = await open();
    const batch = batchIn(someSession());
    const key = only(await batches.add([batch]));
    expect(await batches.park([key])).toEqual([key]);
    expect(await batches.join(batch.batchId)).toBe(false);
  });

  it("unparks a batch when one of its tasks is ready or final, once", async () => {
    const tables = await open();
    const session = someSession();
    const rows = Array.from({ length: 3 }, () => batchIn(session));
    const tasks = rows.map(({ batchId }) => tasksIn(session, 2, { batchId }));
    await pending(tables, tasks.flat());
    const [ready, final, waits] = await tables.batches.add(rows);
    if (!ready || !final || !waits) throw new Error("three batches were added");
    await tables.batches.park([ready, final, waits]);
    const unparked = async () =>
      (await tables.batches.unparkReady()).filter(({ sessionId }) => sessionId === session);
    expect(await unparked()).toEqual([]);
    await tables.tasks.submit(idsOf(tasks[0] ?? []).slice(0, 1), 2);
    const [lost] = idsOf(tasks[1] ?? []);
    if (!lost) throw new Error("two tasks were stored");
    await tables.tasks.decide([{ taskId: lost, from: [TaskStatus.PENDING], record: FAILED }], 3);
    expect(await unparked()).toEqual(expect.arrayContaining([ready, final]));
    expect(await unparked()).toEqual([]);
    expect(await tables.batches.park([ready, final, waits])).toEqual([waits]);
    expect(await unparked()).toEqual([]);
  });

  it("pages through the parked batches, each once, until they are unparked", async () => {
    const tables = await open();
    const rows = Array.from({ length: 5 }, () => batchIn(someSession()));
    await pending(
      tables,
      rows.map(({ batchId, sessionId }) => taskIn(sessionId, { batchId })),
    );
    const keys = await tables.batches.add(rows);
    await tables.batches.park(keys.slice(1));
    const walk = async () => {
      const found: string[] = [];
      for (let page = await tables.batches.parked({ limit: 2 }); page.length > 0; ) {
        found.push(...page.map(({ batchId }) => batchId));
        page = await tables.batches.parked({ after: page.at(-1), limit: 2 });
      }
      return found.filter((id) => rows.some(({ batchId }) => batchId === id)).toSorted();
    };
    const expected = rows.slice(1).map(({ batchId }) => batchId);
    expect(await walk()).toEqual(expected.toSorted());
    const all = await tables.batches.parked({ limit: 1_000 });
    expect(all).toContainEqual({ ...keys[1], batchId: rows[1]?.batchId });
  });

  it("answers ready batches again until their workflow was told, but not at once", async () => {
    const tables = await open();
    const session = someSession();
    const key = only(await tables.batches.add([batchIn(session)]));
    const ready = async (answeredOlderThanMs?: number) =>
      (await tables.batches.unparkReady({ answeredOlderThanMs })).filter(
        ({ sessionId }) => sessionId === session,
      );
    await tables.batches.park([key]);
    expect(await ready(0)).toEqual([key]);
    expect(await ready()).toEqual([]);
    expect(await ready(10_000)).toEqual([]);
    await sleep(505);
    expect(await ready(500)).toEqual([key]);
    expect(await ready(500)).toEqual([]);
    expect(await ready(0)).toEqual([key]);
    await tables.batches.unparked([key]);
    expect(await ready(0)).toEqual([]);
    await tables.batches.park([key]);
    expect(await ready()).toEqual([key]);
    // Parked anew while its workflow was being told: that telling says nothing of this parking.
    await tables.batches.park([key]);
    await tables.batches.unparked([key]);
    expect(await ready()).toEqual([key]);
  });

  it("unparks a batch that has nothing open any more", async () => {
    const tables = await open();
    const session = someSession();
    const batch = batchIn(session);
    const key = only(await tables.batches.add([batch]));
    const task = only(await acquired(tables, tasksIn(session, 1, { batchId: batch.batchId })));
    const from = [TaskStatus.DISPATCHED];
    await tables.tasks.decide([{ ...keyOf(task), from, record: FAILED }], 4);
    await tables.tasks.finish([task.taskId], 5);
    await tables.batches.park([key]);
    expect(await tables.batches.unparkReady()).toContainEqual(key);
  });
}
