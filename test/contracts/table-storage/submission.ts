import { expect, it } from "vitest";
import { TaskStatus } from "../../../src/domain/status.ts";
import {
  idsOf,
  only,
  someAgent,
  someBatch,
  someSession,
  someTask,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import {
  acquired,
  bringTo,
  pending,
  SEEN_STATUSES,
  statusesOf,
  statusOf,
  submitted,
} from "./steps.ts";

const T = TaskStatus;

export function submission({ open }: TableStoragePromises): void {
  it("submits tasks that wait, and answers those that it changed", async () => {
    const tables = await open();
    const session = someSession();
    const [a, b, c] = [taskIn(session), taskIn(session), taskIn(session)];
    await pending(tables, [a, b, c]);
    await tables.tasks.submit([b.taskId], 5);
    await tables.tasks.pause([c.taskId]);
    const ids = [...idsOf([c, b]), someTask(), ...idsOf([a, a])];
    const changed = await tables.tasks.submit(ids, 6);
    expect(changed).toEqual(await tables.tasks.get(idsOf([c, a])));
    expect(changed.map(({ status, submittedAt }) => [status, submittedAt])).toEqual([
      [T.SUBMITTED, 6],
      [T.SUBMITTED, 6],
    ]);
    expect((await tables.tasks.get([b.taskId]))[0]?.submittedAt).toBe(5);
  });

  for (const status of SEEN_STATUSES.filter((s) => s !== T.PENDING && s !== T.PAUSED)) {
    it(`does not submit a task in status ${status}`, async () => {
      const tables = await open();
      const task = taskIn(someSession());
      await bringTo(tables, task, status);
      expect(await tables.tasks.submit([task.taskId], 9)).toEqual([]);
      expect(await statusOf(tables, task.taskId)).toBe(status);
    });
  }

  it("submits a task once, however many try at once", async () => {
    const [one, two] = [await open(), await open()];
    const ids = await pending(one, tasksIn(someSession(), 50));
    const changed = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? one : two).tasks.submit(ids, 2)),
    );
    expect(idsOf(changed.flat()).sort()).toEqual([...ids].sort());
  });

  const pausable: readonly TaskStatus[] = [T.PENDING, T.PAUSED, T.SUBMITTED];
  for (const status of SEEN_STATUSES) {
    const verb = pausable.includes(status) ? "pauses" : "does not pause";
    it(`${verb} a task in status ${status}`, async () => {
      const tables = await open();
      const task = taskIn(someSession());
      await bringTo(tables, task, status);
      await tables.tasks.pause([someTask(), task.taskId, task.taskId]);
      const expected = pausable.includes(status) ? T.PAUSED : status;
      expect(await statusOf(tables, task.taskId)).toBe(expected);
    });
  }

  it("pauses the attempt of an agent that has not begun it, and takes it from the agent", async () => {
    const tables = await open();
    const agent = someAgent();
    const { taskId, attempt } = only(await acquired(tables, [taskIn(someSession())], agent));
    const [pending, missing] = [taskIn(someSession()), someTask()];
    await bringTo(tables, pending, T.PENDING);
    const others = [
      { taskId, attempt: attempt + 1 },
      { taskId: pending.taskId, attempt: 0 },
      { taskId: missing, attempt: 1 },
    ];
    expect(await tables.tasks.pauseAttempts([...others, { taskId, attempt }])).toEqual([
      { taskId, ok: false, status: T.DISPATCHED, attempt },
      { taskId: pending.taskId, ok: false, status: T.PENDING, attempt: 0 },
      { taskId: missing, ok: false, status: undefined, attempt: 0 },
      { taskId, ok: true, status: T.PAUSED, attempt },
    ]);
    expect(await tables.tasks.get([taskId])).toMatchObject([
      { status: T.PAUSED, attempt, ownerAgentId: "" },
    ]);
    expect(await tables.tasks.ownedBy(agent)).toEqual([]);
    const start = { taskId, attempt, fetchedAt: 5, startedAt: 6 };
    expect(await tables.tasks.start([start])).toEqual([
      { taskId, ok: false, status: T.PAUSED, attempt },
    ]);
  });

  it("pauses no attempt that has begun", async () => {
    const tables = await open();
    const task = taskIn(someSession());
    await bringTo(tables, task, T.PROCESSING);
    const key = { taskId: task.taskId, attempt: 1 };
    expect(await tables.tasks.pauseAttempts([key])).toEqual([
      { ...key, ok: false, status: T.PROCESSING },
    ]);
    expect(await statusOf(tables, task.taskId)).toBe(T.PROCESSING);
  });

  it("pauses what a session has in the queue, and nothing else", async () => {
    const tables = await open();
    const session = someSession();
    const statuses = [...SEEN_STATUSES, T.SUBMITTED];
    const tasks = statuses.map(() => taskIn(session, { batchId: someBatch() }));
    for (const [i, task] of tasks.entries()) await bringTo(tables, task, statuses[i] ?? T.PENDING);
    const others = await submitted(tables, tasksIn(someSession(), 2));
    expect(await tables.tasks.pauseSession(session)).toBe(2);
    expect(await statusesOf(tables, idsOf(tasks))).toEqual(
      statuses.map((status) => (status === T.SUBMITTED ? T.PAUSED : status)),
    );
    expect(await statusesOf(tables, others)).toEqual([T.SUBMITTED, T.SUBMITTED]);
    expect(await tables.tasks.pauseSession(session)).toBe(0);
  });
}
