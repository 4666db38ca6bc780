import { expect, it } from "vitest";
import { objectId } from "../../../src/domain/ids.ts";
import { mayChange, TASK_MACHINE, TaskStatus } from "../../../src/domain/status.ts";
import { type CommitRecord, STATUS_OF_OUTCOME } from "../../../src/domain/task.ts";
import {
  idsOf,
  only,
  someAgent,
  someResult,
  someSession,
  someTask,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { inSession } from "./conditions.ts";
import {
  bringTo,
  CANCELLED,
  COMPLETED,
  decided,
  FAILED,
  finished,
  keyOf,
  pending,
  RETRIED,
  running,
  SEEN_STATUSES,
  statusesOf,
  statusOf,
  TIMED_OUT,
} from "./steps.ts";

const T = TaskStatus;
const RUNNING = [T.PROCESSING];
const WITH_RESULTS = {
  outcome: "completed",
  results: [{ resultId: someResult(), objectId: objectId("object"), size: 12 }],
  staged: true,
} as const satisfies CommitRecord;

export function decisions({ open }: TableStoragePromises): void {
  for (const record of [COMPLETED, WITH_RESULTS, FAILED, TIMED_OUT, CANCELLED, RETRIED]) {
    const what = record === WITH_RESULTS ? "completed with results" : record.outcome;
    it(`decides and finishes a task: ${what}`, async () => {
      const tables = await open();
      const task = only(await running(tables, [taskIn(someSession())]));
      const { taskId } = task;
      expect(await tables.tasks.decide([{ ...keyOf(task), from: RUNNING, record }], 16)).toEqual([
        { taskId, ok: true, status: T.PROCESSED, attempt: 1 },
      ]);
      const processed = { ...task, status: T.PROCESSED, processedAt: 16, commit: record };
      expect(await tables.tasks.get([taskId])).toEqual([processed]);
      await tables.tasks.finish([taskId], 17);
      await tables.tasks.finish([taskId], 18);
      const status = STATUS_OF_OUTCOME[record.outcome];
      expect(await tables.tasks.get([taskId])).toEqual([{ ...processed, status, endedAt: 17 }]);
    });
  }

  it("dates a decision as it is told", async () => {
    const tables = await open();
    const [early, late] = await running(tables, tasksIn(someSession(), 2));
    if (!early || !late) throw new Error("two tasks run");
    const decision = { from: RUNNING, record: COMPLETED };
    await tables.tasks.decide(
      [
        { ...keyOf(early), ...decision, processedAt: 6 },
        { ...keyOf(late), ...decision },
      ],
      9,
    );
    const dates = await tables.tasks.get(idsOf([early, late]));
    expect(dates.map(({ processedAt }) => processedAt)).toEqual([6, 9]);
  });

  it("dates no processing of a task that ends without having run", async () => {
    const tables = await open();
    const session = someSession();
    const ids = await pending(tables, [taskIn(session)]);
    await tables.tasks.decide(
      ids.map((taskId) => ({ taskId, from: [T.PENDING], record: CANCELLED })),
      6,
    );
    await tables.tasks.finish(ids, 7);
    expect(only(await tables.tasks.get(ids)).processedAt).toBeUndefined();
    const never = { kind: "date", field: "processedAt", operator: "equal", value: null } as const;
    const sort = [{ field: "taskId", descending: false }] as const;
    const query = { filter: [[inSession(session), never]], sort, page: 0, pageSize: 1 };
    expect(idsOf((await tables.tasks.list(query)).rows)).toEqual(ids);
  });

  it("answers decisions per item in order", async () => {
    const tables = await open();
    const session = someSession();
    const [a, b] = await running(tables, tasksIn(session, 2));
    if (!a || !b) throw new Error("two tasks run");
    const unknown = someTask();
    const creating = taskIn(session);
    await tables.tasks.create([creating]);
    const waits = only(await pending(tables, [taskIn(session)]));
    const from = [T.PROCESSING, T.PENDING, T.CREATING];
    const outcomes = await tables.tasks.decide(
      [
        { ...keyOf(b), from, record: COMPLETED },
        { taskId: unknown, from, record: FAILED },
        { ...keyOf(a), from, record: FAILED },
        { taskId: a.taskId, from, record: CANCELLED },
        { ...keyOf(b), from, record: COMPLETED },
        { taskId: waits, from, record: FAILED },
        { taskId: creating.taskId, from, record: FAILED },
      ],
      6,
    );
    expect(outcomes).toMatchObject([
      { taskId: b.taskId, ok: true, status: T.PROCESSED, attempt: 1 },
      { taskId: unknown, ok: false, status: undefined, attempt: 0 },
      { taskId: a.taskId, ok: true, status: T.PROCESSED, attempt: 1 },
      { taskId: a.taskId, ok: false, status: T.PROCESSED, attempt: 1 },
      { taskId: b.taskId, ok: true, status: T.PROCESSED, attempt: 1 },
      { taskId: waits, ok: true, status: T.PROCESSED, attempt: 0 },
      { taskId: creating.taskId, ok: false },
    ]);
  });

  for (const status of SEEN_STATUSES) {
    const may = mayChange(TASK_MACHINE, status, T.PROCESSED);
    it(`${may ? "decides" : "refuses to decide"} from outside in status ${status}`, async () => {
      const tables = await open();
      const task = taskIn(someSession());
      await bringTo(tables, task, status);
      const { taskId } = task;
      const before = await tables.tasks.get([taskId]);
      const others = SEEN_STATUSES.filter((other) => other !== status);
      const [refused] = await tables.tasks.decide([{ taskId, from: others, record: CANCELLED }], 8);
      expect(refused).toMatchObject({ ok: false, status });
      expect(await tables.tasks.get([taskId])).toEqual(before);
      const [outcome] = await tables.tasks.decide(
        [{ taskId, from: [status], record: CANCELLED }],
        8,
      );
      expect(outcome).toMatchObject({ ok: may, status: may ? T.PROCESSED : status });
      if (!may) expect(await tables.tasks.get([taskId])).toEqual(before);
    });
  }

  it("answers the same decision of the same attempt again, also when it is final", async () => {
    const tables = await open();
    const task = only(await running(tables, [taskIn(someSession())]));
    const decision = { ...keyOf(task), from: RUNNING, record: WITH_RESULTS };
    const again = {
      staged: WITH_RESULTS.staged,
      results: WITH_RESULTS.results.map((result) => ({ ...result })),
      outcome: WITH_RESULTS.outcome,
    };
    await tables.tasks.decide([decision], 6);
    const before = await tables.tasks.get([task.taskId]);
    expect(await tables.tasks.decide([{ ...decision, record: again }], 7)).toMatchObject([
      { ok: true, status: T.PROCESSED, attempt: 1 },
    ]);
    expect(await tables.tasks.get([task.taskId])).toEqual(before);
    await tables.tasks.finish([task.taskId], 8);
    expect(await tables.tasks.decide([decision], 9)).toMatchObject([
      { ok: true, status: T.COMPLETED, attempt: 1 },
    ]);
  });

  it("does not take another decision for the same one", async () => {
    const tables = await open();
    const [mine, cancelled] = await running(tables, tasksIn(someSession(), 2));
    if (!mine || !cancelled) throw new Error("two tasks run");
    await tables.tasks.decide([{ ...keyOf(mine), from: RUNNING, record: RETRIED }], 6);
    await tables.tasks.decide([{ taskId: cancelled.taskId, from: RUNNING, record: CANCELLED }], 6);
    const outcomes = await tables.tasks.decide(
      [
        { ...keyOf(mine), from: RUNNING, record: COMPLETED },
        { ...keyOf(mine), attempt: 2, from: RUNNING, record: RETRIED },
        { taskId: mine.taskId, from: RUNNING, record: RETRIED },
        { ...keyOf(cancelled), from: RUNNING, record: CANCELLED },
      ],
      7,
    );
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, false, false, false]);
  });

  it("lets one of many concurrent decisions win", async () => {
    const [one, two] = [await open(), await open()];
    const tasks = await running(one, tasksIn(someSession(), 20));
    const records: CommitRecord[] = Array.from({ length: 10 }, (_, i) => ({
      outcome: "error",
      error: `decision ${i}`,
    }));
    const outcomes = await Promise.all(
      records.map((record, i) =>
        (i % 2 ? one : two).tasks.decide(
          tasks.map((task) => ({
            taskId: task.taskId,
            from: RUNNING,
            record,
            attempt: i % 3 ? task.attempt : undefined,
          })),
          6,
        ),
      ),
    );
    for (const [n, task] of (await one.tasks.get(idsOf(tasks))).entries()) {
      const winners = records.filter((_, i) => outcomes[i]?.[n]?.ok);
      expect(winners).toEqual([task.commit]);
    }
  });

  it("finishes decided tasks only", async () => {
    const tables = await open();
    const session = someSession();
    const statuses = SEEN_STATUSES.filter((status) => status !== T.PROCESSED);
    const tasks = statuses.map(() => taskIn(session));
    for (const [i, task] of tasks.entries()) await bringTo(tables, task, statuses[i] ?? T.PENDING);
    const before = await tables.tasks.get(idsOf(tasks));
    await tables.tasks.finish([...idsOf(tasks), someTask()], 99);
    expect(await tables.tasks.get(idsOf(tasks))).toEqual(before);
  });

  it("carries every step of a commit on from where it stopped", async () => {
    const tables = await open();
    const agent = someAgent();
    const tasks = await decided(tables, tasksIn(someSession(), 3), FAILED, agent);
    await tables.tasks.finish(idsOf(tasks).slice(0, 1), 7);
    // Whoever takes over finds what is left, and may repeat what is not.
    expect(idsOf(await tables.tasks.ownedBy(agent)).sort()).toEqual(idsOf(tasks).slice(1).sort());
    await tables.tasks.finish(idsOf(tasks), 8);
    expect(await statusesOf(tables, idsOf(tasks))).toEqual([T.ERROR, T.ERROR, T.ERROR]);
    expect(await tables.tasks.ownedBy(agent)).toEqual([]);
  });

  it("never runs a finished task again", async () => {
    const tables = await open();
    const task = only(await finished(tables, [taskIn(someSession())]));
    const { taskId } = task;
    const owner = { agentId: someAgent(), hostname: "host" };
    await tables.tasks.submit([taskId], 9);
    await tables.tasks.pause([taskId]);
    expect(await tables.tasks.acquire([taskId], owner, 9)).toEqual([]);
    expect(await tables.tasks.release([keyOf(task)], 9)).toMatchObject([{ ok: false }]);
    expect(
      await tables.tasks.start([{ ...keyOf(task), fetchedAt: 1, startedAt: 1 }]),
    ).toMatchObject([{ ok: false }]);
    expect(await statusOf(tables, taskId)).toBe(T.COMPLETED);
  });
}
