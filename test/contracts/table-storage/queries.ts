import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { BatchId } from "../../../src/domain/ids.ts";
import { TaskStatus } from "../../../src/domain/status.ts";
import type { Task } from "../../../src/domain/task.ts";
import {
  idsOf,
  OPTIONS,
  someBatch,
  someResult,
  someSession,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { bySession } from "./conditions.ts";
import { bringTo, pending, SEEN_STATUSES, submitted } from "./steps.ts";

const T = TaskStatus;

export function queries({ open }: TableStoragePromises): void {
  it("finds the tasks of a batch by status", async () => {
    const tables = await open();
    const session = someSession();
    const batchId = someBatch();
    const tasks = SEEN_STATUSES.map(() => taskIn(session, { batchId }));
    for (const [i, task] of tasks.entries())
      await bringTo(tables, task, SEEN_STATUSES[i] ?? T.PENDING);
    await pending(tables, [taskIn(session)]);
    for (const [i, status] of SEEN_STATUSES.entries()) {
      const found = await tables.tasks.inBatches([batchId], { statuses: [status], limit: 10 });
      expect(found).toEqual(await tables.tasks.get(idsOf(tasks.slice(i, i + 1))));
    }
    const statuses = [T.PENDING, T.COMPLETED];
    expect(await tables.tasks.inBatches([batchId], { statuses, limit: 10 })).toHaveLength(2);
    expect(await tables.tasks.inBatches([someBatch()], { statuses, limit: 10 })).toEqual([]);
  });

  it("finds the most urgent tasks of a batch first", async () => {
    const tables = await open();
    const session = someSession();
    const batchId = someBatch();
    const tasks = [3, 99, 1, 40].map((priority) =>
      taskIn(session, { batchId, options: { ...OPTIONS, priority } }),
    );
    await pending(tables, tasks);
    const statuses = [T.PENDING];
    const found = await tables.tasks.inBatches([batchId], { statuses, limit: 3 });
    expect(found.map(({ options }) => options.priority)).toEqual([99, 40, 3]);
  });

  it("finds tasks of a batch that reached their status long ago", async () => {
    const tables = await open();
    const session = someSession();
    const batchId = someBatch();
    const tasks = SEEN_STATUSES.map(() => taskIn(session, { batchId }));
    const statuses = SEEN_STATUSES;
    const ofAge = async (olderThanMs: number) =>
      idsOf(await tables.tasks.inBatches([batchId], { statuses, olderThanMs, limit: 20 })).sort();
    // What counts is the status, and not how old the task is.
    await pending(tables, tasks);
    await sleep(505);
    const start = performance.now();
    for (const [i, task] of tasks.slice(1).entries())
      await bringTo(tables, task, SEEN_STATUSES[i + 1] ?? T.PENDING);
    expect(await ofAge(500 + performance.now() - start)).toEqual(idsOf(tasks.slice(0, 1)));
    expect(await ofAge(10_000)).toEqual([]);
    expect(await ofAge(0)).toEqual(idsOf(tasks).sort());
    await sleep(35);
    expect(await ofAge(30)).toEqual(idsOf(tasks).sort());
  });

  it("finds the tasks of a batch that wait for nothing, the most urgent first", async () => {
    const tables = await open();
    const session = someSession();
    const batchId = someBatch();
    const tasks = [3, 99, 1, 40].map((priority) =>
      taskIn(session, { batchId, options: { ...OPTIONS, priority } }),
    );
    const [low, high, waits, paused] = await pending(tables, tasks);
    if (!low || !high || !waits || !paused) throw new Error("four tasks were stored");
    await tables.tasks.create([taskIn(session, { batchId })]);
    await submitted(tables, [taskIn(session, { batchId }), taskIn(session)]);
    await tables.tasks.pause([paused]);
    const [input, other] = [someResult(), someResult()];
    await tables.dependencies.add([
      { taskId: waits, resultIds: [input] },
      { taskId: high, resultIds: [other] },
    ]);
    await tables.dependencies.close([other]);
    const ready = (limit: number, ...ids: BatchId[]) => tables.tasks.readyInBatches(ids, limit);
    expect(await ready(10, batchId)).toEqual([[high, paused, low]]);
    expect(await ready(2, batchId)).toEqual([[high, paused]]);
    await tables.dependencies.close([input]);
    expect(await ready(10, batchId)).toEqual([[high, paused, low, waits]]);
    // Batch by batch, up to the one in which the limit is reached.
    const next = taskIn(session, { batchId: someBatch() });
    await pending(tables, [next]);
    const all = [someBatch(), batchId, next.batchId, someBatch()];
    expect(await ready(10, ...all)).toEqual([[], [high, paused, low, waits], [next.taskId], []]);
    expect(await ready(4, ...all)).toEqual([[], [high, paused, low, waits]]);
    expect(await ready(3, ...all)).toEqual([[], [high, paused, low]]);
  });

  it("finds the tasks of a session by status", async () => {
    const tables = await open();
    const session = someSession();
    const tasks = SEEN_STATUSES.map(() => taskIn(session, { batchId: someBatch() }));
    for (const [i, task] of tasks.entries())
      await bringTo(tables, task, SEEN_STATUSES[i] ?? T.PENDING);
    await pending(tables, [taskIn(someSession())]);
    for (const [i, status] of SEEN_STATUSES.entries()) {
      const found = await tables.tasks.inSession(session, [status], 10);
      expect(found).toEqual(await tables.tasks.get(idsOf(tasks.slice(i, i + 1))));
    }
    expect(idsOf(await tables.tasks.inSession(session, SEEN_STATUSES, 20)).sort()).toEqual(
      idsOf(tasks).sort(),
    );
    expect(await tables.tasks.inSession(session, SEEN_STATUSES, 4)).toHaveLength(4);
    expect(await tables.tasks.inSession(someSession(), SEEN_STATUSES, 4)).toEqual([]);
  });

  it("walks over every task of a session once, whatever changes meanwhile", async () => {
    const tables = await open();
    const session = someSession();
    const [first, ...others] = [someBatch(), someBatch(), someBatch()] as const;
    const tasks = [first, ...others].flatMap((batchId) => tasksIn(session, 900, { batchId }));
    await pending(tables, tasks);
    await tables.tasks.create([taskIn(session)]);
    await pending(tables, tasksIn(someSession(), 2));
    const seen: Task[] = [];
    for await (const page of tables.tasks.walk(session)) {
      seen.push(...page);
      await submitted(tables, [taskIn(session, { batchId: first })]);
      await tables.tasks.submit(idsOf(tasks), 2);
    }
    expect(seen.length).toBeGreaterThanOrEqual(tasks.length);
    expect(new Set(idsOf(seen)).size).toBe(seen.length);
    expect(new Set(idsOf(tasks)).difference(new Set(idsOf(seen)))).toEqual(new Set());
    expect(seen.at(-1)).toEqual((await tables.tasks.get(idsOf(seen.slice(-1))))[0]);
    expect((await Array.fromAsync(tables.tasks.walk(someSession()))).flat()).toEqual([]);
  });

  it("tells how much room a session has in the queue, whatever the partitions of its tasks", async () => {
    const tables = await open();
    const session = someSession();
    const room = (limit: number) => tables.tasks.roomBelow(session, limit);
    expect(await room(9)).toBe(9);
    const elsewhere = { ...OPTIONS, partitionId: "elsewhere" as never };
    const tasks = [...tasksIn(session, 3), ...tasksIn(session, 2, { options: elsewhere })];
    const ids = await submitted(tables, tasks);
    await pending(tables, tasksIn(session, 2));
    await submitted(tables, tasksIn(someSession(), 2));
    expect(await Promise.all([room(9), room(5), room(4), room(0)])).toEqual([4, 0, 0, 0]);
    await tables.tasks.acquire(ids.slice(1, 4), { agentId: "a" as never, hostname: "" }, 3);
    expect(await room(9)).toBe(7);
  });

  it("counts tasks by status, of one session, some, or under any filter", async () => {
    const tables = await open();
    const [session, other] = [someSession(), someSession()];
    const urgent = { ...OPTIONS, priority: 9 };
    await submitted(tables, tasksIn(session, 3));
    await pending(tables, tasksIn(session, 2, { options: urgent }));
    await pending(tables, tasksIn(other, 4, { options: urgent }));
    const counted = async (filter: Parameters<typeof tables.tasks.countByStatus>[0]) =>
      new Map((await tables.tasks.countByStatus(filter)).map((row) => [row.status, row.count]));
    const both = [...bySession(session), ...bySession(other)];
    const urgentOnes = [
      [
        ...(bySession(session)[0] ?? []),
        { kind: "number", field: "priority", operator: "equal", value: 9 } as const,
      ],
    ];
    const notPending = [
      [
        ...(bySession(session)[0] ?? []),
        { kind: "status", field: "status", operator: "notEqual", value: T.PENDING } as const,
      ],
    ];
    expect(await counted(bySession(session))).toEqual(
      new Map([
        [T.SUBMITTED, 3],
        [T.PENDING, 2],
      ]),
    );
    expect(await counted(both)).toEqual(
      new Map([
        [T.SUBMITTED, 3],
        [T.PENDING, 6],
      ]),
    );
    expect(await counted(urgentOnes)).toEqual(new Map([[T.PENDING, 2]]));
    expect(await counted(notPending)).toEqual(new Map([[T.SUBMITTED, 3]]));
    expect((await counted([])).get(T.PENDING)).toBeGreaterThanOrEqual(6);
    expect(await counted(bySession(someSession()))).toEqual(new Map());
  });
}
