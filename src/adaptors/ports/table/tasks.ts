import type { Application } from "../../../domain/application.ts";
import type { Filter } from "../../../domain/filter/conditions.ts";
import type { ApplicationFields, TaskFields } from "../../../domain/filter/fields.ts";
import type { ListQuery, Page } from "../../../domain/filter/query.ts";
import type {
  AgentId,
  BatchId,
  HolderId,
  PartitionId,
  SessionId,
  StageId,
  TaskId,
} from "../../../domain/ids.ts";
import type { TaskStatus } from "../../../domain/status.ts";
import type { CommitRecord, Task, TaskDefinition } from "../../../domain/task.ts";

/** One attempt of one task: what an agent holds. */
export interface AttemptKey {
  readonly taskId: TaskId;
  readonly attempt: number;
}

export interface Owner {
  readonly agentId: AgentId;
  readonly hostname: string;
}

/** Who makes a task: an attempt, for after its commit, or a process that accepts it itself. */
export interface Origin {
  readonly stage?: StageId | undefined;
  readonly creator?: HolderId | undefined;
}

export interface Start extends AttemptKey {
  readonly fetchedAt: number;
  readonly startedAt: number;
}

/** A task with the attempt that created it. */
export interface StagedTask {
  readonly stage: StageId;
  readonly taskId: TaskId;
}

/**
 * A decision about a task. With `attempt` it is made by the holder of that attempt and fails when
 * another took over; without, it is made from outside and succeeds in any of the statuses `from`.
 */
export interface Decision {
  readonly taskId: TaskId;
  readonly attempt?: number | undefined;
  readonly from: readonly TaskStatus[];
  readonly record: CommitRecord;
  /** When the worker had answered; without it the time of the decision counts. */
  readonly processedAt?: number | undefined;
}

/** Per item: did it happen? With the task's status and attempt afterwards; undefined = no such task. */
export interface Decided {
  readonly taskId: TaskId;
  readonly ok: boolean;
  readonly status: TaskStatus | undefined;
  readonly attempt: number;
}

export interface TaskCounts {
  readonly status: TaskStatus;
  readonly count: number;
}

export interface OpenTasks extends TaskCounts {
  readonly partitionId: PartitionId | "";
}

/**
 * Tasks, one document each.
 *
 *   T1. Every change is a compare-and-set on one task's document and answers per item, in order.
 *   T2. CREATING tasks are staged: only `staged`, `orphans` and `expired` see them.
 *   T3. `decide` is the commit point (I2): of all decisions for one task exactly one succeeds.
 *       The same decision repeated by the same attempt answers ok again.
 */
export interface TaskTable {
  /** Stores tasks as CREATING; an id that exists already is left as it is, whatever its status. */
  create(tasks: readonly TaskDefinition[], origin?: Origin): Promise<void>;
  /**
   * CREATING → PENDING. Others are left. Answers, per item, whether the task is accepted, now or
   * before: false says that there is no such task, or that it has expired.
   */
  accept(taskIds: readonly TaskId[]): Promise<boolean[]>;
  /**
   * Ends CREATING tasks: they can never be accepted, and count no more. Answers, per item, whether
   * the task has expired, now or before.
   */
  expire(taskIds: readonly TaskId[]): Promise<boolean[]>;
  /** The same for tasks that are CREATING or PENDING: nobody has begun with them. */
  withdraw(taskIds: readonly TaskId[]): Promise<boolean[]>;
  /** Removes those of these tasks that are still CREATING, expired or not. */
  discard(taskIds: readonly TaskId[]): Promise<void>;
  /**
   * Tasks that the attempts created, CREATING or later: at most `limit` of those behind `after`, in
   * the order of stages and, within a stage, of ids.
   */
  staged(
    stages: readonly StageId[],
    page: { after?: StagedTask | undefined; limit: number },
  ): Promise<Task[]>;
  /**
   * Tasks that have been CREATING for at least `olderThanMs`, and whose creator holds no lease: it
   * may have died before it accepted them. The oldest first.
   */
  orphans(query: { olderThanMs: number; limit: number }): Promise<Task[]>;
  /** Tasks that expired at least `olderThanMs` ago, and were not discarded. The oldest first. */
  expired(query: { olderThanMs: number; limit: number }): Promise<Task[]>;

  /** Unknown ids are left out; the order is that of the ids. */
  get(taskIds: readonly TaskId[]): Promise<Task[]>;
  /** The total may be a shown count (SC1). */
  list(query: ListQuery<TaskFields>): Promise<Page<Task>>;
  /**
   * The applications that tasks of known sessions name in their options, each once. Cheap, however
   * many tasks there are: kept apart from them, it may know one before its first task is accepted.
   */
  applications(query: ListQuery<ApplicationFields>): Promise<Page<Application>>;
  /**
   * All tasks of the session, in pages and in no special order, at a cost that grows with their
   * number only. Those that are accepted meanwhile may be left out; no other is.
   */
  walk(sessionId: SessionId): AsyncIterable<readonly Task[]>;
  /** Counts of those statuses that occur. Cheap for a filter on the session alone. */
  countByStatus(filter: Filter<TaskFields>): Promise<TaskCounts[]>;
  /**
   * The tasks that are not final, of all sessions, for autoscaling: a shown count (SC1). Costs what
   * there are of partitions, statuses and sessions with open tasks, however many tasks there are.
   */
  openByPartition(): Promise<OpenTasks[]>;
  /**
   * `limit` minus the session's SUBMITTED tasks, at least 0. It decides what enters the queues, so it
   * is asked of the tasks. Costs what there is up to `limit`.
   */
  roomBelow(sessionId: SessionId, limit: number): Promise<number>;
  /**
   * Is a task of this partition SUBMITTED, and has it been for at least `olderThanMs`? Cheap,
   * however many there are.
   */
  isWaiting(partitionId: PartitionId, olderThanMs: number): Promise<boolean>;

  /** PENDING | PAUSED → SUBMITTED; answers those that changed, for the caller to put on the queue. */
  submit(taskIds: readonly TaskId[], at: number): Promise<Task[]>;
  /** PENDING | SUBMITTED → PAUSED for the listed tasks. */
  pause(taskIds: readonly TaskId[]): Promise<void>;
  /** SUBMITTED → PAUSED for the whole session; answers how many. */
  pauseSession(sessionId: SessionId): Promise<number>;
  /** DISPATCHED at this attempt → PAUSED, owner cleared; only its holder knows that it has not begun. */
  pauseAttempts(attempts: readonly AttemptKey[]): Promise<Decided[]>;
  /** SUBMITTED → DISPATCHED, owner set, attempt + 1. Answers those won, at their new attempt. */
  acquire(taskIds: readonly TaskId[], owner: Owner, at: number): Promise<Task[]>;
  /**
   * DISPATCHED | PROCESSING at this attempt → SUBMITTED, owner cleared; no retry is used. For the
   * attempt's holder, and of PROCESSING ones only when it stops; the attempt can commit no more.
   * A PROCESSING one counts as interrupted, and so does any that is `lost` with its holder.
   */
  release(attempts: readonly AttemptKey[], at: number, lost?: "lost"): Promise<Decided[]>;
  /** DISPATCHED at this attempt → PROCESSING. */
  start(starts: readonly Start[]): Promise<Decided[]>;
  /** → PROCESSED with its commit record: the commit point. */
  decide(decisions: readonly Decision[], at: number): Promise<Decided[]>;
  /** PROCESSED → the final status of its record. Others are left. */
  finish(taskIds: readonly TaskId[], at: number): Promise<void>;

  /** Of the given attempts, those that the agent no longer owns. */
  revoked(agentId: AgentId, attempts: readonly AttemptKey[]): Promise<AttemptKey[]>;
  /** DISPATCHED, PROCESSING and PROCESSED tasks of this agent. */
  ownedBy(agentId: AgentId): Promise<Task[]>;
  /** Agents that own a DISPATCHED, PROCESSING or PROCESSED task. */
  owners(): Promise<AgentId[]>;
  /** Those of them that own a task of the session in one of the statuses. */
  ownersIn(sessionId: SessionId, statuses: readonly TaskStatus[]): Promise<AgentId[]>;

  /**
   * Tasks of the batches that are in one of the statuses, and have been for at least `olderThanMs`:
   * batch by batch, at most `limit` of each, highest priority first.
   */
  inBatches(
    batchIds: readonly BatchId[],
    query: { statuses: readonly TaskStatus[]; olderThanMs?: number | undefined; limit: number },
  ): Promise<Task[]>;
  /**
   * PENDING and PAUSED tasks without an open edge: a list for each batch, highest priority first. At
   * most `limit` in all; the answer ends with the batch in which it is reached.
   */
  readyInBatches(batchIds: readonly BatchId[], limit: number): Promise<TaskId[][]>;
  /** Tasks of the session in one of the statuses, at most `limit`, in no special order. */
  inSession(sessionId: SessionId, statuses: readonly TaskStatus[], limit: number): Promise<Task[]>;
}
