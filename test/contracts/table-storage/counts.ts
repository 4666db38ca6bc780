import fc from "fast-check";
import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { BatchKey, BatchProgress } from "../../../src/domain/batch.ts";
import type { BatchId, PartitionId, SessionId } from "../../../src/domain/ids.ts";
import { FINAL_TASK_STATUSES, TaskStatus } from "../../../src/domain/status.ts";
import type { CommitRecord, Task, TaskDefinition } from "../../../src/domain/task.ts";
import {
  idsOf,
  OPTIONS,
  partitionRow,
  someAgent,
  someBatch,
  someSession,
  someStage,
  taskIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { bySession } from "./conditions.ts";
import { CANCELLED, COMPLETED, FAILED, RETRIED, SEEN_STATUSES } from "./steps.ts";

const T = TaskStatus;
const AGENT = someAgent();

type SessionCommand = (
  tables: TableStorage,
  tasks: readonly TaskDefinition[],
  attempt: number,
) => Promise<unknown>;

const decide =
  (record: CommitRecord, outside: boolean): SessionCommand =>
  ({ tasks }, some, attempt) =>
    tasks.decide(
      idsOf(some).map((taskId) => ({
        taskId,
        from: SEEN_STATUSES,
        record,
        attempt: outside ? undefined : attempt,
      })),
      6,
    );

const SESSION_COMMANDS: readonly SessionCommand[] = [
  ({ tasks }, some) => tasks.accept(idsOf(some)),
  ({ tasks }, some) => tasks.discard(idsOf(some).slice(0, 1)),
  ({ tasks }, some) => tasks.submit(idsOf(some), 2),
  ({ tasks }, some) => tasks.pause(idsOf(some)),
  ({ tasks }, some) => tasks.pauseSession(some[0]?.sessionId ?? someSession()),
  ({ tasks }, some) => tasks.acquire(idsOf(some), { agentId: AGENT, hostname: "host" }, 3),
  ({ tasks }, some, attempt) =>
    tasks.release(
      idsOf(some).map((taskId) => ({ taskId, attempt })),
      4,
    ),
  ({ tasks }, some, attempt) =>
    tasks.start(idsOf(some).map((taskId) => ({ taskId, attempt, fetchedAt: 4, startedAt: 5 }))),
  decide(COMPLETED, false),
  decide(FAILED, false),
  decide(RETRIED, false),
  decide(CANCELLED, true),
  ({ tasks }, some) => tasks.finish(idsOf(some), 7),
  ({ tasks }, some) => tasks.expire(idsOf(some).slice(0, 1)),
  ({ tasks }, some) => tasks.withdraw(idsOf(some).slice(0, 1)),
];

/** Steps towards the end are taken more often, or nothing would ever arrive there. */
const ONWARD = [0, 2, 5, 7, 8, 12];

const countsOf = (tasks: readonly Task[]) =>
  Object.fromEntries(
    Object.entries(Object.groupBy(tasks, ({ status }) => status))
      .filter(([status]) => Number(status) !== T.CREATING)
      .map(([status, some]) => [status, some?.length]),
  );

function progressOf(tasks: readonly Task[], batchId: BatchId): BatchProgress {
  const statuses = tasks.filter((task) => task.batchId === batchId).map(({ status }) => status);
  const count = (...some: readonly TaskStatus[]) =>
    statuses.filter((status) => some.includes(status)).length;
  return {
    open: statuses.length - count(...FINAL_TASK_STATUSES),
    pending: count(T.PENDING),
    completed: count(T.COMPLETED),
    failed: count(T.ERROR, T.TIMEOUT, T.CANCELLED),
  };
}

async function checkByStatus(tables: TableStorage, session: SessionId, stored: readonly Task[]) {
  const counted = await tables.tasks.countByStatus(bySession(session));
  const counts = Object.fromEntries(counted.map((row) => [row.status, row.count]));
  expect(counts).toEqual(countsOf(stored));
}

async function checkOpen(tables: TableStorage, stored: readonly Task[]) {
  const open = stored.filter(
    ({ status }) => status !== T.CREATING && !FINAL_TASK_STATUSES.includes(status),
  );
  const mine = new Set(stored.map(({ options }) => options.partitionId));
  const keyOf = (partitionId: string, status: TaskStatus) => `${partitionId} ${status}`;
  const expected = Object.entries(
    Object.groupBy(open, ({ options, status }) => keyOf(options.partitionId, status)),
  ).map(([key, some]) => [key, some?.length]);
  const counted = (await tables.tasks.openByPartition())
    .filter(({ partitionId }) => mine.has(partitionId))
    .map(({ partitionId, status, count }) => [keyOf(partitionId, status), count]);
  expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(expected));
}

async function checkProgress(
  { batches }: TableStorage,
  keys: readonly BatchKey[],
  stored: readonly Task[],
) {
  for (const { batchId, progress } of await batches.get(keys))
    expect(progress).toEqual(progressOf(stored, batchId));
}

export function counts({ open }: TableStoragePromises): void {
  it("keeps exact counts that equal the tasks, and recounts the others, whatever was done", async () => {
    const [one, two] = [await open(), await open()];
    const { byStatus, progress } = one.counts.exact;
    const steps = fc.array(
      fc.record({
        verb: fc.oneof(fc.constantFrom(...ONWARD), fc.nat(SESSION_COMMANDS.length - 1)),
        tasks: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 6 }),
        attempt: fc.integer({ min: 1, max: 2 }),
        other: fc.boolean(),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const session = someSession();
        const stage = someStage();
        const batches = [someBatch(), someBatch()];
        const partitions = [partitionRow(), partitionRow()].map(({ partitionId }) => partitionId);
        const tasks = Array.from({ length: 6 }, (_, i) =>
          taskIn(session, {
            batchId: batches[i % 2] as BatchId,
            options: { ...OPTIONS, partitionId: partitions[i % 3 === 0 ? 0 : 1] as PartitionId },
          }),
        );
        await one.tasks.create(tasks, { stage });
        // Not one after the other: neighbours share transactions, and the other process cuts in.
        await Promise.all(
          script.map(({ verb, tasks: picked, attempt, other }) =>
            SESSION_COMMANDS[verb]?.(
              other ? two : one,
              tasks.filter((_, i) => picked.includes(i)),
              attempt,
            ),
          ),
        );

        // The stage shows the tasks themselves, those that are being created included.
        const stored = await one.tasks.staged([stage], { limit: 10 });
        const queued = stored.filter(({ status }) => status === T.SUBMITTED);
        expect(await one.tasks.roomBelow(session, 6)).toBe(6 - queued.length);
        const keys = await one.batches.add(
          batches.map((batchId) => ({ batchId, sessionId: session })),
        );
        const isOpen = (await one.batches.get(keys)).map((info) => info.isOpen);
        expect(isOpen).toEqual(batches.map((id) => progressOf(stored, id).open > 0));
        if (byStatus) await checkByStatus(one, session, stored);
        if (byStatus) await checkOpen(one, stored);
        if (progress) await checkProgress(one, keys, stored);
        await two.counts.recount(session);
        await checkByStatus(one, session, stored);
        await checkOpen(one, stored);
        await checkProgress(one, keys, stored);
      }),
      { numRuns: 100 },
    );
  });
}
