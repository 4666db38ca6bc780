import type { BatchId, PartitionId, SessionId, TaskId } from "../../../../domain/ids.ts";
import type { TaskStatus } from "../../../../domain/status.ts";
import type { AttemptKey, Decided } from "../../../ports/table/tasks.ts";
import type { Ledger, TaskRef } from "../ledger.ts";
import type { Store } from "../store.ts";

// Found first, judged here, then written by row number: what SQLite must do for a RETURNING clause
// costs more than the second statement, and the one machine of statuses can be asked.
const FIND =
  "SELECT n, session_id, batch_id, partition_id, status, attempt, ends_in FROM tasks WHERE task_id = ?";

/** What a verb must know of a task to change it. */
export interface Found extends TaskRef {
  readonly n: number;
  readonly status: TaskStatus;
  readonly attempt: number;
  /** The final status that its commit record leads to. */
  readonly endsIn: TaskStatus | null;
}

export function findTask(store: Store, taskId: TaskId): Found | undefined {
  const row = store.tuples(FIND).get(taskId);
  if (!row) return undefined;
  const [n, session_id, batch_id, partition_id, status, attempt, endsIn] =
    row as unknown as FoundTuple;
  return { n, task_id: taskId, session_id, batch_id, partition_id, status, attempt, endsIn };
}

type FoundTuple = [
  n: number,
  sessionId: SessionId,
  batchId: BatchId,
  partitionId: PartitionId | "",
  status: TaskStatus,
  attempt: number,
  endsIn: TaskStatus | null,
];

export interface Move<Item> {
  readonly from: ReadonlySet<TaskStatus>;
  readonly to: TaskStatus;
  readonly change: (task: Found, item: Item) => void;
}

/** Moves the tasks that are in one of the statuses; unknown and repeated ids are no mistake. */
export function moveTasks(
  store: Store,
  ledger: Ledger,
  taskIds: readonly TaskId[],
  { from, to, change }: Move<TaskId>,
): void {
  for (const taskId of taskIds) {
    const task = findTask(store, taskId);
    if (!task || !from.has(task.status)) continue;
    change(task, taskId);
    ledger.moved(task, task.status, to);
  }
}

/** Moves attempts that still count; answers, for the others, what stands in the way. */
export const moveAttempts = <Key extends AttemptKey>(
  store: Store,
  ledger: Ledger,
  attempts: readonly Key[],
  { from, to, change }: Move<Key>,
): Decided[] =>
  attempts.map((key) => {
    const { taskId, attempt } = key;
    const task = findTask(store, taskId);
    if (!task) return { taskId, ok: false, status: undefined, attempt: 0 };
    if (task.attempt !== attempt || !from.has(task.status))
      return { taskId, ok: false, status: task.status, attempt: task.attempt };
    change(task, key);
    ledger.moved(task, task.status, to);
    return { taskId, ok: true, status: to, attempt };
  });
