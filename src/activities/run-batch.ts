import { ApplicationFailure, Context } from "@temporalio/activity";
import type { BatchInfo } from "../adaptors/table-storage.ts";
import type { BatchKey } from "../domain/batch.ts";
import { TaskStatus } from "../domain/status.ts";
import { errorOf } from "../domain/task.ts";
import type { Stores } from "../lifecycle/stores.ts";
import type { Watch } from "../orchestrator/supervision/watch.ts";

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
  /** Which task failed, and why. */
  readonly failure?: string;
}

/** What the failure of a single task's activity carries, so that the session's counters are right. */
export type FailureDetails = [BatchOutcome];

/** What people read in the Temporal UI; the task's row has the whole error. */
const LONGEST = 300;
/** An error says more than the cancellations that may have followed it. */
const FAILED = [[TaskStatus.ERROR, TaskStatus.TIMEOUT], [TaskStatus.CANCELLED]];

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
      ({ progress, ...remarks }) => context.heartbeat({ ...progress, ...remarks, attempt }),
      context.cancellationSignal,
    );
    if (parked) return { completed: 0, failed: 0, parked };
    const { completed, failed } = info?.progress ?? { completed: 0, failed: 0 };
    const tasks = await stores.tables.batches.taskCount(key.sessionId);
    if (!info || failed === 0) return { completed, failed, tasks };
    const failure = await failureOf(stores, info);
    const outcome: BatchOutcome = { completed, failed, tasks, failure };
    if (name === undefined) return outcome;
    // Makes the activity of a small session's task red in the Temporal UI, with the task's error.
    throw ApplicationFailure.create({
      ...{ message: failure, type: "TASK_FAILED", nonRetryable: true },
      details: [outcome] satisfies FailureDetails,
    });
  };

/** A batch of one task may have grown by its subtasks: says which one it was. */
async function failureOf(
  { tables }: Pick<Stores, "tables">,
  { batchId, progress }: BatchInfo,
): Promise<string> {
  const more = progress.failed > 1 ? ` (and ${progress.failed - 1} more)` : "";
  for (const statuses of FAILED) {
    const [task] = await tables.tasks.inBatches([batchId], { statuses, limit: 1 });
    if (task) return `${shortened(`task ${task.taskId} failed: ${errorOf(task)}`)}${more}`;
  }
  return `a task failed${more}`;
}

const shortened = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
