/** What follows a failed attempt. Pure. */
import { retryId, type TaskId } from "./ids.ts";
import type { CommitRecord, TaskDefinition } from "./task.ts";

/** A task that takes down its worker or agent this often is quarantined, whatever its retries. */
export const QUARANTINE_AFTER_CRASHES = 3;

/**
 * This often may a task go back without using a retry because its agent stopped while it ran, or
 * died before: then the task itself is suspected, which would go round for ever.
 */
export const SUSPECT_AFTER_INTERRUPTIONS = 20;

export interface Failure {
  readonly error: string;
  /** The worker or the agent died. A call that ended with a gRPC error is a failure and no crash. */
  readonly crashed: boolean;
}

/**
 * Decides between another attempt and the end. An error that the worker returned, or a time-out, never
 * comes here: these are final (agent/execution/outcome.ts).
 */
export function afterFailure(task: TaskDefinition, { error, crashed }: Failure): CommitRecord {
  const crashes = task.crashCount + (crashed ? 1 : 0);
  if (crashed && crashes >= QUARANTINE_AFTER_CRASHES) {
    return {
      outcome: "error",
      error: `Quarantined: the task took down its worker or agent ${crashes} times. Last: ${error}`,
    };
  }
  if (task.retryOfIds.length < task.options.maxRetries)
    return { outcome: "retried", error, crashed };
  return { outcome: "error", error };
}

/** What ends an attempt before it begins: too many before it came to nothing. */
export function afterInterruptions(
  task: TaskDefinition & { readonly interruptions?: number | undefined },
): CommitRecord | undefined {
  const { interruptions = 0 } = task;
  if (interruptions < SUSPECT_AFTER_INTERRUPTIONS) return undefined;
  const error = `Its agents died or stopped ${interruptions} times before the task had ended`;
  return afterFailure(task, { error, crashed: true });
}

/**
 * The next attempt of a retried task, as a task of its own. Same inputs, outputs, options and
 * batch; deterministic but for its date, so that any number of retriers make one successor.
 */
export function successorOf(task: TaskDefinition, crashed: boolean, at: number): TaskDefinition {
  const retryOfIds: readonly TaskId[] = [...task.retryOfIds, task.taskId];
  const { taskId, initialTaskId, crashCount, ...same } = definitionOf(task);
  return {
    ...same,
    taskId: retryId(initialTaskId, retryOfIds.length),
    initialTaskId,
    retryOfIds,
    createdBy: taskId,
    createdAt: at,
    crashCount: crashCount + (crashed ? 1 : 0),
  };
}

/** Drops what is not part of the definition when a whole task is given. */
function definitionOf(task: TaskDefinition): TaskDefinition {
  const { taskId, sessionId, batchId, payloadId, dataDependencies, expectedOutputIds } = task;
  const { options, parentTaskIds, retryOfIds, initialTaskId, createdBy, createdAt, crashCount } =
    task;
  return {
    ...{ taskId, sessionId, batchId, payloadId, dataDependencies, expectedOutputIds, options },
    ...{ parentTaskIds, retryOfIds, initialTaskId, createdBy, createdAt, crashCount },
  };
}
