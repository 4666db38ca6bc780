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
}

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
    if (info && name !== undefined && failed > 0) throw await toFailure(stores, info, name);
    return { completed, failed };
  };

/** Makes the activity of a small session's task red in the Temporal UI, with the task's own error. */
async function toFailure({ tables }: Pick<Stores, "tables">, { batchId }: BatchInfo, name: string) {
  const [task] = await tables.tasks.inBatch(batchId, { statuses: FAILED, limit: 1 });
  const error = (task && errorOf(task)) || `task ${name} failed`;
  return ApplicationFailure.nonRetryable(error, "TASK_FAILED");
}
