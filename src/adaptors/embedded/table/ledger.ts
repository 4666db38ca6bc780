// Updates of counters and change feed that go with each write.
//
//   EL1. Posted in the transaction of the write itself: counts and feed never differ from the rows.
//       Callers may rely on that of the feed (F4), and not of the counts (SC1).
//   EL2. Added up first, so that a bulk verb costs a few rows and not a few rows per task.
import type { BatchId, PartitionId, SessionId, TaskId } from "../../../domain/ids.ts";
import { TaskStatus } from "../../../domain/status.ts";
import type { Change } from "../../ports/table/feed.ts";
import type { Database } from "../database/database.ts";

/** The columns that say what a task counts for. */
export interface TaskRef {
  readonly task_id: TaskId;
  readonly session_id: SessionId;
  readonly batch_id: BatchId;
  readonly partition_id: PartitionId | "";
}

export interface Ledger {
  /** The task changed its status; undefined = it did not exist before, or does not any more. */
  moved(task: TaskRef, from: TaskStatus | undefined, to: TaskStatus | undefined): void;
  changed(sessionId: SessionId, change: Change): void;
  /** Batches or final tasks: those who watch progress should look. */
  progressed(): void;
  /** Writes what is owed. */
  post(): void;
  /** Writes what the feed is owed for the documents written so far. */
  postChanges(): void;
  readonly notices: { readonly changes: boolean; readonly progress: boolean };
}

type Target = Pick<Database, "sql" | "now">;

export type Progress = [open: number, pending: number, completed: number, failed: number];

/** How one task in this status counts in its batch; a RETRIED one counts by what follows it. */
export const PROGRESS_OF: Readonly<Record<TaskStatus, Progress>> = {
  [TaskStatus.CREATING]: [1, 0, 0, 0],
  [TaskStatus.PENDING]: [1, 1, 0, 0],
  [TaskStatus.PAUSED]: [1, 0, 0, 0],
  [TaskStatus.SUBMITTED]: [1, 0, 0, 0],
  [TaskStatus.DISPATCHED]: [1, 0, 0, 0],
  [TaskStatus.PROCESSING]: [1, 0, 0, 0],
  [TaskStatus.PROCESSED]: [1, 0, 0, 0],
  [TaskStatus.CANCELLING]: [1, 0, 0, 0],
  [TaskStatus.COMPLETED]: [0, 0, 1, 0],
  [TaskStatus.ERROR]: [0, 0, 0, 1],
  [TaskStatus.TIMEOUT]: [0, 0, 0, 1],
  [TaskStatus.CANCELLED]: [0, 0, 0, 1],
  [TaskStatus.RETRIED]: [0, 0, 0, 0],
};

const STATUS_COUNT = Math.max(...Object.values(TaskStatus)) + 1;

/** Internal statuses are no news. */
const isVisible = (status: TaskStatus): boolean =>
  status !== TaskStatus.CREATING && status !== TaskStatus.PROCESSED;

interface SessionEntry {
  /** By status. */
  readonly counts: Map<PartitionId | "", number[]>;
  readonly batches: Map<BatchId, Progress>;
  changes: Change[];
}

const ADD_COUNT = `INSERT INTO task_counts (session_id, status, partition_id, count)
  VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET count = count + excluded.count`;
const ADD_PROGRESS = `INSERT INTO progress (session_id, batch_id, open, pending, completed, failed)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET open = open + excluded.open, pending = pending + excluded.pending,
    completed = completed + excluded.completed, failed = failed + excluded.failed`;
const ADD_CHANGES = "INSERT INTO changes (session_id, written_at, body) VALUES (?, ?, ?)";

export function createLedger(target: Target): Ledger {
  const entries = new Map<SessionId, SessionEntry>();
  const notices = { changes: false, progress: false };

  const entryOf = (sessionId: SessionId): SessionEntry => {
    let entry = entries.get(sessionId);
    if (!entry) {
      entry = { counts: new Map(), batches: new Map(), changes: [] };
      entries.set(sessionId, entry);
    }
    return entry;
  };

  const addProgress = (entry: SessionEntry, batchId: BatchId, status: TaskStatus, by: 1 | -1) => {
    let sum = entry.batches.get(batchId);
    if (!sum) {
      sum = [0, 0, 0, 0];
      entry.batches.set(batchId, sum);
    }
    const one = PROGRESS_OF[status];
    sum[0] += by * one[0];
    sum[1] += by * one[1];
    sum[2] += by * one[2];
    sum[3] += by * one[3];
  };

  /** CREATING tasks are no tasks yet for whoever counts by status. */
  const addCount = (
    entry: SessionEntry,
    partition: PartitionId | "",
    status: TaskStatus,
    by: 1 | -1,
  ) => {
    if (status === TaskStatus.CREATING) return;
    let counts = entry.counts.get(partition);
    if (!counts) {
      counts = new Array<number>(STATUS_COUNT).fill(0);
      entry.counts.set(partition, counts);
    }
    counts[status] = (counts[status] ?? 0) + by;
  };

  return {
    notices,
    moved(task, from, to) {
      const entry = entryOf(task.session_id);
      if (from !== undefined) {
        addCount(entry, task.partition_id, from, -1);
        addProgress(entry, task.batch_id, from, -1);
      }
      if (to === undefined) return;
      addCount(entry, task.partition_id, to, 1);
      addProgress(entry, task.batch_id, to, 1);
      if (!isVisible(to)) return;
      notices.changes = true;
      const isNew = from === TaskStatus.CREATING;
      const { task_id: taskId } = task;
      entry.changes.push({ kind: isNew ? "newTask" : "taskStatus", taskId, status: to } as Change);
    },
    changed(sessionId, change) {
      notices.changes = true;
      entryOf(sessionId).changes.push(change);
    },
    progressed() {
      notices.progress = true;
    },
    post() {
      for (const [sessionId, entry] of entries) {
        postChanges(target, sessionId, entry);
        postCounts(target, sessionId, entry);
      }
    },
    postChanges() {
      for (const [sessionId, entry] of entries) postChanges(target, sessionId, entry);
    },
  };
}

function postChanges({ sql, now }: Target, sessionId: SessionId, entry: SessionEntry): void {
  if (entry.changes.length === 0) return;
  sql(ADD_CHANGES).run(sessionId, now(), JSON.stringify(entry.changes));
  entry.changes = [];
}

function postCounts({ sql }: Target, sessionId: SessionId, { counts, batches }: SessionEntry) {
  for (const [partition, byStatus] of counts)
    for (const [status, count] of byStatus.entries())
      if (count !== 0) sql(ADD_COUNT).run(sessionId, status, partition, count);
  for (const [batchId, sum] of batches)
    if (sum.some((delta) => delta !== 0)) sql(ADD_PROGRESS).run(sessionId, batchId, ...sum);
}
