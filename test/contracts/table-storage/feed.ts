import { expect, it, onTestFinished, vi } from "vitest";
import type { Change, TableStorage } from "../../../src/adaptors/table-storage.ts";
import { objectId, type SessionId, type TaskId } from "../../../src/domain/ids.ts";
import { isFinal, ResultStatus, TASK_MACHINE, TaskStatus } from "../../../src/domain/status.ts";
import {
  batchIn,
  completionOf,
  idsOf,
  resultIn,
  resultsIn,
  someSession,
  someStage,
  someTask,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { bySession } from "./conditions.ts";
import { COMPLETED, decided, finished, keyOf, pending, running, submitted } from "./steps.ts";

const T = TaskStatus;

const isAbout = (change: Change, id: string): boolean =>
  "taskId" in change ? change.taskId === id : change.resultId === id;

/** Opens a subscription and collects what comes, until it is stopped. */
async function subscribe({ feed }: TableStorage, session: SessionId) {
  const stop = new AbortController();
  const changes: Change[] = [];
  const subscription = await feed.open(session, stop.signal);
  onTestFinished(() => stop.abort());
  const ended = (async () => {
    for await (const some of subscription) changes.push(...some);
  })();
  return {
    changes,
    ended,
    stop: () => stop.abort(),
    /** What came about this document, as soon as its last status is there. */
    until: (id: string, status: number): Promise<Change[]> =>
      vi.waitFor(
        () => {
          const some = changes.filter((change) => isAbout(change, id));
          expect(some.at(-1)).toMatchObject({ status });
          return some;
        },
        { timeout: 60_000 },
      ),
  };
}

export function feed({ open }: TableStoragePromises): void {
  it("tells each subscription what it wants, and nothing else", async () => {
    const [reader, writer] = [await open(), await open()];
    const session = someSession();
    const { signal } = new AbortController();
    const [first, second] = [taskIn(session), taskIn(session)];
    const seen = await subscribe(reader, session);
    const picky = await reader.feed.open(session, signal, (change) =>
      isAbout(change, second.taskId),
    );
    const none = await reader.feed.open(session, signal, () => false);
    await finished(writer, [first]);
    await finished(writer, [second]);
    await seen.until(second.taskId, T.COMPLETED);
    const told = await picky[Symbol.asyncIterator]().next();
    expect(told.value).toSatisfy((some: Change[]) => some.every((c) => isAbout(c, second.taskId)));
    const nothing = none[Symbol.asyncIterator]().next();
    const marker = Promise.resolve("nothing was told");
    expect(await Promise.race([nothing, marker])).toBe("nothing was told");
  });

  it("tells all that happens to a task, in order, but nothing internal", async () => {
    const [reader, writer] = [await open(), await open()];
    const session = someSession();
    const seen = await subscribe(reader, session);
    const [task, refused] = [taskIn(session), taskIn(session)];
    const { taskId } = task;
    await finished(writer, [task]);
    await pending(writer, [refused]);
    await writer.tasks.pause([refused.taskId]);
    await writer.tasks.submit([refused.taskId], 2);
    await writer.tasks.create([taskIn(session)]);
    const changes = await seen.until(taskId, T.COMPLETED);
    expect(changes).toEqual([
      { kind: "newTask", taskId, status: T.PENDING },
      { kind: "taskStatus", taskId, status: T.SUBMITTED },
      { kind: "taskStatus", taskId, status: T.DISPATCHED },
      { kind: "taskStatus", taskId, status: T.PROCESSING },
      { kind: "taskStatus", taskId, status: T.COMPLETED },
    ]);
    const others = await seen.until(refused.taskId, T.SUBMITTED);
    expect(others).toMatchObject([
      { kind: "newTask", status: T.PENDING },
      { kind: "taskStatus", status: T.PAUSED },
      { kind: "taskStatus", status: T.SUBMITTED },
    ]);
    expect(seen.changes).toHaveLength(changes.length + others.length);
  });

  it("tells all that happens to results", async () => {
    const [reader, writer] = [await open(), await open()];
    const session = someSession();
    const seen = await subscribe(reader, session);
    const [task, next] = [someTask(), someTask()];
    const [made, lost] = [resultIn(session), resultIn(session, { ownerTaskId: task })];
    await writer.results.create([made, lost]);
    const claims = [made, lost].map(({ resultId }) => ({ resultId, taskId: task }));
    await writer.results.claim(claims);
    const { resultId } = made;
    await writer.results.transfer([{ resultId, from: task, to: next }]);
    await writer.results.complete([completionOf(made)], 5);
    await writer.results.complete([completionOf(made)], 6);
    await writer.results.abortOwned([{ taskId: task, resultIds: [lost.resultId] }], 7);
    for (const _twice of [1, 2]) await writer.results.delete([resultId]);
    expect(await seen.until(resultId, ResultStatus.DELETED)).toEqual([
      { kind: "newResult", resultId, ownerTaskId: "", status: ResultStatus.CREATED },
      { kind: "resultOwner", resultId, previousOwnerId: "", ownerTaskId: task },
      { kind: "resultOwner", resultId, previousOwnerId: task, ownerTaskId: next },
      { kind: "resultStatus", resultId, status: ResultStatus.COMPLETED },
      { kind: "resultStatus", resultId, status: ResultStatus.DELETED },
    ]);
    expect(await seen.until(lost.resultId, ResultStatus.ABORTED)).toMatchObject([
      { kind: "newResult", ownerTaskId: task },
      { kind: "resultStatus" },
    ]);
  });

  it("tells of staged results when they are published, once", async () => {
    const [reader, writer] = [await open(), await open()];
    const session = someSession();
    const seen = await subscribe(reader, session);
    const [stage, dropped] = [someStage(), someStage()];
    const completed = resultIn(session, {
      status: ResultStatus.COMPLETED,
      objectId: objectId("object"),
      ownerTaskId: someTask(),
    });
    const { resultId, ownerTaskId } = completed;
    await writer.results.create([completed], stage);
    await writer.results.create([resultIn(session)], dropped);
    await writer.results.dropStaged([dropped]);
    await writer.results.publish([stage]);
    await writer.results.publish([stage]);
    const last = resultIn(session);
    await writer.results.create([last]);
    await seen.until(last.resultId, ResultStatus.CREATED);
    expect(seen.changes).toEqual([
      { kind: "newResult", resultId, ownerTaskId, status: ResultStatus.COMPLETED },
      expect.objectContaining({ kind: "newResult", resultId: last.resultId }),
    ]);
  });

  it("serves many subscriptions, each with its session only", async () => {
    const [reader, writer] = [await open(), await open()];
    const sessions = [someSession(), someSession()];
    const seen = await Promise.all(
      [...sessions, ...sessions].map((session) => subscribe(reader, session)),
    );
    const tasks = sessions.map((session) => taskIn(session));
    await finished(writer, tasks);
    for (const [i, { until, changes }] of seen.entries()) {
      const { taskId } = tasks[i % 2] ?? { taskId: "" };
      expect(await until(taskId, T.COMPLETED)).toHaveLength(5);
      expect(changes).toHaveLength(5);
    }
    seen[0]?.stop();
    const late = taskIn(sessions[0] ?? someSession());
    await pending(writer, [late]);
    await seen[2]?.until(late.taskId, T.PENDING);
  });

  it("ends without an error when it is told to", async () => {
    const tables = await open();
    const seen = await subscribe(tables, someSession());
    seen.stop();
    await seen.ended;
    const never = await tables.feed.open(someSession(), AbortSignal.abort());
    expect(await Array.fromAsync(never)).toEqual([]);
  });

  it("may be left, and opened again", async () => {
    const [reader, writer] = [await open(), await open()];
    const session = someSession();
    const { signal } = new AbortController();
    for (let round = 0; round < 3; round++) {
      const subscription = await reader.feed.open(session, signal);
      const task = taskIn(session);
      await pending(writer, [task]);
      for await (const changes of subscription) {
        if (changes.some((change) => isAbout(change, task.taskId))) break;
      }
    }
  });

  it("leaves no gap between a snapshot and what follows it", async () => {
    const [reader, writer, other] = [await open(), await open(), await open()];
    for (let round = 0; round < 8; round++) {
      const session = someSession();
      const writers = [write(writer, session, 12), write(other, session, 12)];
      // Open while they write, at another moment each round.
      for (let turn = 0; turn < round * 4; turn++) await reader.ping();
      const seen = await subscribe(reader, session);
      const known = await snapshot(reader, session);
      const ids = (await Promise.all(writers)).flat();
      await vi.waitFor(
        () => {
          const now = replay(known, seen.changes);
          expect(ids.filter((id) => now.get(id) !== T.COMPLETED)).toEqual([]);
        },
        { timeout: 60_000 },
      );
      seen.stop();
      await seen.ended;
    }
  });

  it("notices when tasks became final or batches were added, in any process", async () => {
    const [reader, writer] = [await open(), await open()];
    let notices = 0;
    const stop = reader.feed.onProgress(() => {
      notices++;
    });
    const session = someSession();
    await writer.batches.add([batchIn(session)]);
    await vi.waitFor(() => expect(notices).toBeGreaterThan(0), { timeout: 60_000 });
    const tasks = await decided(writer, tasksIn(session, 2));
    notices = 0;
    await writer.tasks.finish(idsOf(tasks), 7);
    await vi.waitFor(() => expect(notices).toBeGreaterThan(0), { timeout: 60_000 });
    stop();
    stop();
  });

  it("tells subscriptions that cannot go on after disposal", async () => {
    const tables = await open();
    const { ended } = await subscribe(tables, someSession());
    const refused = expect(ended).rejects.toMatchObject({ code: "ADAPTOR_CLOSED" });
    await tables[Symbol.asyncDispose]();
    await refused;
  });

  it("goes on for readers that keep up while old entries are swept", async () => {
    const [reader, writer] = [await open(), await open()];
    const session = someSession();
    const seen = await subscribe(reader, session);
    for (let round = 0; round < 3; round++) {
      const task = taskIn(session);
      await submitted(writer, [task]);
      await seen.until(task.taskId, T.SUBMITTED);
      await writer.sweep({ olderThanMs: 0 });
    }
    seen.stop();
    await seen.ended;
  });
}

/** Brings tasks to their end in small groups that overlap; answers them. */
async function write(tables: TableStorage, session: SessionId, groups: number): Promise<TaskId[]> {
  const all = Array.from({ length: groups }, (_, i) => tasksIn(session, 1 + (i % 4)));
  await Promise.all(
    all.map(async (group, i) => {
      if (i % 3 === 0) await tables.results.create(resultsIn(session, 2));
      const tasks = await running(tables, group);
      const from = [T.PROCESSING];
      await tables.tasks.decide(
        tasks.map((task) => ({ ...keyOf(task), from, record: COMPLETED })),
        6,
      );
      await tables.tasks.finish(idsOf(tasks), 7);
    }),
  );
  return idsOf(all.flat());
}

async function snapshot({ tasks }: TableStorage, session: SessionId) {
  const sort = [{ field: "taskId", descending: false }] as const;
  const { rows } = await tasks.list({ filter: bySession(session), sort, page: 0, pageSize: 1e6 });
  return new Map(rows.map(({ taskId, status }) => [taskId, status]));
}

/** What a reader knows who applies the changes to its snapshot; a final status stays (I5). */
function replay(known: ReadonlyMap<TaskId, TaskStatus>, changes: readonly Change[]) {
  const now = new Map(known);
  for (const change of changes) {
    if (!("taskId" in change)) continue;
    const before = now.get(change.taskId);
    if (before === undefined || !isFinal(TASK_MACHINE, before))
      now.set(change.taskId, change.status);
  }
  return now;
}
