import type { AgentId, BatchId, ObjectId, ResultId, SessionId, TaskId } from "./ids.ts";
import { TaskStatus } from "./status.ts";
import type { TaskOptions } from "./task-options.ts";

/** What was asked for; never changes. */
export interface TaskDefinition {
  readonly taskId: TaskId;
  readonly sessionId: SessionId;
  readonly batchId: BatchId;
  readonly payloadId: ResultId;
  readonly dataDependencies: readonly ResultId[];
  readonly expectedOutputIds: readonly ResultId[];
  /** Merged; the partition and priority in it are set. */
  readonly options: TaskOptions;
  /** The session's id for a client's task; the parent's list and the parent for a subtask. */
  readonly parentTaskIds: readonly string[];
  /** Earlier attempts that ended RETRIED, oldest first. */
  readonly retryOfIds: readonly TaskId[];
  readonly initialTaskId: TaskId;
  /** The parent of a subtask, the predecessor of a retry, "" for a client's task. */
  readonly createdBy: TaskId | "";
  readonly createdAt: number;
  /** How often a worker or agent died while it ran an earlier attempt of this task. */
  readonly crashCount: number;
}

export interface CompletedResult {
  readonly resultId: ResultId;
  readonly objectId: ObjectId;
  /** Bytes. */
  readonly size: number;
}

/**
 * The outcome of a task, written at its commit point and carried out afterwards (I2, I3).
 *
 * `staged` tells whether the attempt staged rows (results it created, subtasks): their list may
 * be long, so they are found by the attempt's stage id instead of being named here.
 */
export type CommitRecord =
  | {
      readonly outcome: "completed";
      readonly results: readonly CompletedResult[];
      readonly staged: boolean;
    }
  | { readonly outcome: "error" | "timeout" | "cancelled"; readonly error: string }
  | { readonly outcome: "retried"; readonly error: string; readonly crashed: boolean };

export type Outcome = CommitRecord["outcome"];

/** The final status that an outcome ends in. */
export const STATUS_OF_OUTCOME: Readonly<Record<Outcome, TaskStatus>> = {
  completed: TaskStatus.COMPLETED,
  error: TaskStatus.ERROR,
  timeout: TaskStatus.TIMEOUT,
  cancelled: TaskStatus.CANCELLED,
  retried: TaskStatus.RETRIED,
};

export interface Task extends TaskDefinition {
  readonly status: TaskStatus;
  /** Fencing token: 0 before the first acquisition, one more at each. */
  readonly attempt: number;
  /** How often an agent gave the task back while it ran, or died before it ran; absent for never. */
  readonly interruptions?: number | undefined;
  readonly ownerAgentId: AgentId | "";
  readonly ownerHostname: string;
  readonly submittedAt?: number | undefined;
  readonly receivedAt?: number | undefined;
  readonly acquiredAt?: number | undefined;
  readonly fetchedAt?: number | undefined;
  readonly startedAt?: number | undefined;
  /** Absent, too, of tasks that ended without having run. */
  readonly processedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  /** Present from the commit point on. */
  readonly commit?: CommitRecord | undefined;
}

/** The text a client reads as the task's error, "" when it has none. */
export const errorOf = (task: Task): string =>
  task.commit && task.commit.outcome !== "completed" ? task.commit.error : "";
