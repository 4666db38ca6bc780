import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { StagedTask } from "../../../src/adaptors/ports/table/tasks.ts";
import type { TaskId } from "../../../src/domain/ids.ts";
import { TaskStatus } from "../../../src/domain/status.ts";
import {
  idsOf,
  OPTIONS,
  someHolder,
  someSession,
  someStage,
  someTask,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { bySession } from "./conditions.ts";
import { bringTo, pending, SEEN_STATUSES, statusesOf, statusOf, submitted } from "./steps.ts";

export function creation({ open }: TableStoragePromises): void {
  it("gives back a task as it was defined", async () => {
    const tables = await open();
    const definition = taskIn(someSession(), {
      options: { ...OPTIONS, options: { 'a "key"': "välue", b: "" }, maxDurationMs: 3.2e14 },
      dataDependencies: ["r1", "r2"] as never,
      expectedOutputIds: [],
      parentTaskIds: ["a", "b"],
      retryOfIds: [someTask()],
      createdBy: someTask(),
      crashCount: 2,
      createdAt: 1_790_000_000_123,
    });
    await pending(tables, [definition]);
    expect(await tables.tasks.get([definition.taskId])).toEqual([
      {
        ...definition,
        status: TaskStatus.PENDING,
        attempt: 0,
        ownerAgentId: "",
        ownerHostname: "",
      },
    ]);
  });

  it("answers tasks in the order of the ids, without those that it does not know", async () => {
    const tables = await open();
    const session = someSession();
    const [a, b, c] = [taskIn(session), taskIn(session), taskIn(session)];
    await pending(tables, [a, b, c]);
    expect(idsOf(await tables.tasks.get([...idsOf([c, a]), someTask(), ...idsOf([b, a])]))).toEqual(
      idsOf([c, a, b, a]),
    );
  });

  it("shows a task that is being created to nobody", async () => {
    const tables = await open();
    const session = someSession();
    const task = taskIn(session);
    const { taskId, batchId } = task;
    await tables.tasks.create([task]);
    const filter = bySession(session);
    const sort = [{ field: "createdAt", descending: false }] as const;
    const statuses = Object.values(TaskStatus);
    expect(await tables.tasks.get([taskId])).toEqual([]);
    expect(await tables.tasks.list({ filter, sort, page: 0, pageSize: 10 })).toEqual({
      rows: [],
      total: 0,
    });
    expect(await tables.tasks.countByStatus(filter)).toEqual([]);
    expect(await tables.tasks.inBatches([batchId], { statuses, limit: 10 })).toEqual([]);
    expect(await tables.tasks.inSession(session, statuses, 10)).toEqual([]);
    expect(await tables.tasks.submit([taskId], 2)).toEqual([]);
    await tables.tasks.pause([taskId]);
    await tables.tasks.finish([taskId], 2);
    expect(
      await tables.tasks.acquire([taskId], { agentId: "a" as never, hostname: "" }, 2),
    ).toEqual([]);
    await tables.tasks.accept([taskId]);
    expect(await statusOf(tables, taskId)).toBe(TaskStatus.PENDING);
  });

  for (const status of SEEN_STATUSES) {
    it(`leaves a task in status ${status} when it is created or accepted again`, async () => {
      const tables = await open();
      const task = taskIn(someSession());
      await bringTo(tables, task, status);
      const before = await tables.tasks.get([task.taskId]);
      await tables.tasks.create([{ ...task, createdAt: 99 }]);
      expect(await tables.tasks.accept([task.taskId])).toEqual([true]);
      await tables.tasks.discard([task.taskId]);
      if (status !== TaskStatus.PENDING) await tables.tasks.withdraw([task.taskId]);
      expect(before).toHaveLength(1);
      expect(await tables.tasks.get([task.taskId])).toEqual(before);
    });
  }

  it("accepts what it knows among unknown and repeated ids", async () => {
    const tables = await open();
    const [one, two] = [taskIn(someSession()), taskIn(someSession())];
    await tables.tasks.create([one, two, one]);
    const ids = [one.taskId, someTask(), one.taskId, two.taskId];
    expect(await tables.tasks.accept(ids)).toEqual([true, false, true, true]);
    expect(await statusesOf(tables, idsOf([one, two]))).toEqual([
      TaskStatus.PENDING,
      TaskStatus.PENDING,
    ]);
  });

  it("discards tasks that were not accepted, and no others", async () => {
    const tables = await open();
    const [accepted, creating] = [taskIn(someSession()), taskIn(someSession())];
    await tables.tasks.create([accepted, creating]);
    await tables.tasks.accept([accepted.taskId]);
    await tables.tasks.discard([accepted.taskId, creating.taskId, someTask()]);
    expect(await tables.tasks.accept(idsOf([creating, accepted]))).toEqual([false, true]);
    expect(idsOf(await tables.tasks.get(idsOf([accepted, creating])))).toEqual([accepted.taskId]);
  });

  it("never accepts a task that has expired, and lets none expire that was accepted", async () => {
    const [tables, other] = [await open(), await open()];
    const [creating, accepted] = [taskIn(someSession()), taskIn(someSession())];
    const ids = [...idsOf([creating, accepted]), someTask()];
    await tables.tasks.create([creating]);
    await pending(tables, [accepted]);
    expect(await other.tasks.expire(ids)).toEqual([true, false, false]);
    expect(await other.tasks.expire(ids)).toEqual([true, false, false]);
    await tables.tasks.create([creating]);
    expect(await tables.tasks.accept(ids)).toEqual([false, true, false]);
    expect(idsOf(await tables.tasks.get(ids))).toEqual([accepted.taskId]);
    const ofAge = (olderThanMs: number) => ({ olderThanMs, limit: 10_000 });
    expect(idsOf(await tables.tasks.orphans(ofAge(0)))).not.toContain(creating.taskId);
    expect(idsOf(await tables.tasks.expired(ofAge(0)))).toContain(creating.taskId);
    expect(idsOf(await tables.tasks.expired(ofAge(10_000)))).not.toContain(creating.taskId);
    expect(await tables.tasks.expired({ olderThanMs: 0, limit: 1 })).toHaveLength(1);
    await tables.tasks.discard(ids);
    expect(idsOf(await tables.tasks.expired(ofAge(0)))).not.toContain(creating.taskId);
    expect(await other.tasks.expire(ids)).toEqual([false, false, false]);
  });

  it("withdraws tasks that nobody has begun with, and no others", async () => {
    const tables = await open();
    const session = someSession();
    const [creating, waiting, queued] = [taskIn(session), taskIn(session), taskIn(session)];
    await tables.tasks.create([creating]);
    await pending(tables, [waiting]);
    await submitted(tables, [queued]);
    const ids = [...idsOf([creating, waiting, queued]), someTask()];
    for (let i = 0; i < 2; i += 1)
      expect(await tables.tasks.withdraw(ids)).toEqual([true, true, false, false]);
    expect(await tables.tasks.accept(idsOf([creating, waiting, queued]))).toEqual([
      false,
      false,
      true,
    ]);
    expect(idsOf(await tables.tasks.get(idsOf([waiting, queued])))).toEqual([queued.taskId]);
    expect(await tables.tasks.submit(ids, 9)).toEqual([]);
    const expired = idsOf(await tables.tasks.expired({ olderThanMs: 0, limit: 10_000 }));
    expect(ids.map((id) => expired.includes(id))).toEqual([true, true, false, false]);
    expect(await tables.tasks.countByStatus(bySession(session))).toEqual([
      { status: TaskStatus.SUBMITTED, count: 1 },
    ]);
  });

  it("takes no tasks for abandoned whose creator has a lease", async () => {
    const [tables, other] = [await open(), await open()];
    const [creator, stranger] = [someHolder(), someHolder()];
    const task = taskIn(someSession());
    const isAbandoned = async () =>
      idsOf(await other.tasks.orphans({ olderThanMs: 0, limit: 10_000 })).includes(task.taskId);
    await tables.leases.renew(creator, 60_000);
    await tables.leases.renew(stranger, 60_000);
    await tables.tasks.create([task], { creator });
    expect(await isAbandoned()).toBe(false);
    // A shorter lease than the last one is as good.
    await tables.leases.renew(creator, 30);
    await sleep(35);
    expect(await isAbandoned()).toBe(true);
    await tables.leases.renew(creator, 60_000);
    expect(await isAbandoned()).toBe(false);
    await tables.sweep({ olderThanMs: 0 });
    expect(await isAbandoned()).toBe(false);
    await tables.leases.release(creator);
    expect(await isAbandoned()).toBe(true);
  });

  it("pages through the tasks of stages, accepted or not", async () => {
    const tables = await open();
    const session = someSession();
    const stages = [someStage(), someStage(), someStage()].sort();
    const sorted: StagedTask[] = [];
    for (const stage of stages) {
      const tasks = tasksIn(session, 4);
      await tables.tasks.create(tasks, { stage });
      await tables.tasks.accept(idsOf(tasks).slice(0, 2));
      for (const taskId of idsOf(tasks).sort()) sorted.push({ stage, taskId });
    }
    await tables.tasks.create(tasksIn(session, 2), { stage: someStage() });
    await tables.tasks.create(tasksIn(session, 2));
    const asked = [...stages.toReversed(), someStage()];
    for (const limit of [1, 4, 5, 12, 13]) {
      const found: TaskId[] = [];
      for (let after: StagedTask | undefined; found.length < sorted.length; ) {
        const page = await tables.tasks.staged(asked, { after, limit });
        expect(page).toHaveLength(Math.min(limit, sorted.length - found.length));
        found.push(...idsOf(page));
        after = sorted[found.length - 1];
      }
      expect(found, `in pages of ${limit}`).toEqual(idsOf(sorted));
      expect(await tables.tasks.staged(asked, { after: sorted.at(-1), limit })).toEqual([]);
    }
  });

  it("finds tasks whose creator left them, the oldest first", async () => {
    const tables = await open();
    const session = someSession();
    const orphans = tasksIn(session, 3);
    const left = async (olderThanMs: number, limit = 10_000) =>
      idsOf(await tables.tasks.orphans({ olderThanMs, limit })).filter((id) => known.has(id));
    const known = new Set(idsOf(orphans));
    await pending(tables, [taskIn(session)]);
    await tables.tasks.create(orphans.slice(0, 2));
    expect(await left(10_000)).toEqual([]);
    await sleep(505);
    await tables.tasks.create(orphans.slice(2), { stage: someStage() });
    expect(await left(500)).toEqual(idsOf(orphans).slice(0, 2));
    expect(await left(0)).toEqual(idsOf(orphans));
    expect(await tables.tasks.orphans({ olderThanMs: 0, limit: 1 })).toHaveLength(1);
    await tables.tasks.discard(idsOf(orphans));
    expect(await left(0)).toEqual([]);
  });
}
