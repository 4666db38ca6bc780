import { ApplicationFailure, Context } from "@temporalio/activity";
import type { BatchInfo } from "../adaptors/table-storage/index.ts";
import type { BatchKey } from "../domain/batch.ts";
import { TaskStatus } from "../domain/status.ts";
import { errorOf } from "../domain/task.ts";
import type { Stores } from "../lifecycle/stores.ts";
import type { Watch } from "./watch.ts";

export interface BatchInput extends BatchKey {
  /** Set when the batch is one task that people should recognise. */
  readonly name?: string;
}

export interface BatchOutcome {
  readonly completed: number;
  readonly failed: number;
  /** Every unfinished task waits for a later submission. */
  readonly parked?: boolean;
  /** Of the session so far: tasks that joined a batch were not announced. */
  readonly tasks?: number;
}

/** What the failure of a single task's activity carries, so that the session's counters are right. */
export type FailureDetails = [BatchOutcome];

const FAILED = [TaskStatus.ERROR, TaskStatus.TIMEOUT, TaskStatus.CANCELLED];

/**
 * Watches one batch until its last task is final; what keeps it moving meanwhile is the
 * supervisor, which looks after all that is watched. Repeatable: it holds nothing but the watch.
 */
export const createRunBatch =
  ({ stores, watch }: { stores: Pick<Stores, "tables">; watch: Watch }) =>
  async ({ name, ...key }: BatchInput): Promise<BatchOutcome> => {
    // Taken here: the watch calls back from its own loop, where there is no activity, or another.
    const context = Context.current();
    const { attempt } = context.info;
    const { info, parked } = await watch.follow(
      key,
      (report) => context.heartbeat({ ...report.progress, storage: report.storage, attempt }),
      context.cancellationSignal,
    );
    if (parked) return { completed: 0, failed: 0, parked };
    const { completed, failed } = info?.progress ?? { completed: 0, failed: 0 };
    const tasks = await stores.tables.batches.taskCount(key.sessionId);
    const outcome = { completed, failed, tasks };
    if (info && name !== undefined && failed > 0) throw await toFailure(stores, info, outcome);
    return outcome;
  };

/** Makes the activity of a small session's task red in the Temporal UI, with the task's own error. */
async function toFailure(
  { tables }: Pick<Stores, "tables">,
  { batchId }: BatchInfo,
  outcome: BatchOutcome,
) {
  // Its subtasks may be part of the batch: say which task it was.
  const [task] = await tables.tasks.inBatch(batchId, { statuses: FAILED, limit: 1 });
  const more = outcome.failed > 1 ? ` (and ${outcome.failed - 1} more failed)` : "";
  const reason = (task && errorOf(task)) || "it was cancelled or lost";
  const message = `task ${task?.taskId ?? "unknown"} failed: ${reason}${more}`;
  const details: FailureDetails = [outcome];
  return ApplicationFailure.create({ message, type: "TASK_FAILED", nonRetryable: true, details });
}
