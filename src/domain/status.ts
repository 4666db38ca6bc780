/**
 * Status machines as data. Numbers are the wire's, so that no layer translates them.
 *
 *   I5. A final status never changes: no machine has an arrow out of a final status.
 */

export const SessionStatus = {
  RUNNING: 1,
  CANCELLED: 2,
  PAUSED: 3,
  CLOSED: 4,
  PURGED: 5,
  DELETED: 6,
} as const;
export type SessionStatus = (typeof SessionStatus)[keyof typeof SessionStatus];

export const TaskStatus = {
  /** Stored, not accepted yet: no reader sees it. */
  CREATING: 1,
  /** In the queue, or about to be. */
  SUBMITTED: 2,
  /** Held by an agent that has not started it. */
  DISPATCHED: 3,
  COMPLETED: 4,
  ERROR: 5,
  TIMEOUT: 6,
  CANCELLING: 7,
  CANCELLED: 8,
  /** The worker runs it. */
  PROCESSING: 9,
  /** Its outcome is decided and written in its commit record; the effects are being carried out. */
  PROCESSED: 10,
  RETRIED: 11,
  /** Waits for its inputs, or for a place in the queue. */
  PENDING: 12,
  /** Ready, but its session is paused. */
  PAUSED: 13,
} as const;
export type TaskStatus = (typeof TaskStatus)[keyof typeof TaskStatus];

export const ResultStatus = {
  /** Internal: staged by an attempt that has not reached its commit point; no reader sees it. */
  STAGED: 0,
  CREATED: 1,
  COMPLETED: 2,
  ABORTED: 3,
  DELETED: 4,
} as const;
export type ResultStatus = (typeof ResultStatus)[keyof typeof ResultStatus];

type Machine<S extends number> = Readonly<Record<S, readonly S[]>>;

const S = SessionStatus;
/** DELETED is reachable from everywhere: deletion removes the row. */
export const SESSION_MACHINE: Machine<SessionStatus> = {
  [S.RUNNING]: [S.PAUSED, S.CLOSED, S.CANCELLED, S.DELETED],
  [S.PAUSED]: [S.RUNNING, S.CLOSED, S.CANCELLED, S.DELETED],
  [S.CLOSED]: [S.CANCELLED, S.PURGED, S.DELETED],
  [S.CANCELLED]: [S.PURGED, S.DELETED],
  [S.PURGED]: [S.DELETED],
  [S.DELETED]: [],
};

const T = TaskStatus;
/**
 * PROCESSED is the only door to a final status: deciding (I2) and carrying out (I3) are two
 * steps, so that whoever finds a decided task can finish it.
 */
export const TASK_MACHINE: Machine<TaskStatus> = {
  [T.CREATING]: [T.PENDING],
  [T.PENDING]: [T.SUBMITTED, T.PAUSED, T.PROCESSED],
  [T.PAUSED]: [T.SUBMITTED, T.PROCESSED],
  [T.SUBMITTED]: [T.DISPATCHED, T.PAUSED, T.PROCESSED],
  [T.DISPATCHED]: [T.SUBMITTED, T.PROCESSING, T.PAUSED, T.PROCESSED],
  // Back to SUBMITTED when a healthy agent stops: that must not use a retry.
  [T.PROCESSING]: [T.PROCESSED, T.SUBMITTED],
  [T.PROCESSED]: [T.COMPLETED, T.ERROR, T.TIMEOUT, T.CANCELLED, T.RETRIED],
  // Known to clients of the interface, never written here: a cancellation is decided at once.
  [T.CANCELLING]: [T.CANCELLED],
  [T.COMPLETED]: [],
  [T.ERROR]: [],
  [T.TIMEOUT]: [],
  [T.CANCELLED]: [],
  [T.RETRIED]: [],
};

const R = ResultStatus;
export const RESULT_MACHINE: Machine<ResultStatus> = {
  [R.STAGED]: [R.CREATED, R.COMPLETED],
  [R.CREATED]: [R.COMPLETED, R.ABORTED, R.DELETED],
  [R.COMPLETED]: [R.DELETED],
  [R.ABORTED]: [R.DELETED],
  [R.DELETED]: [],
};

/** May an entity of this machine go from one status to the other? The only place that says so. */
export const mayChange = <X extends number>(machine: Machine<X>, from: X, to: X): boolean =>
  machine[from].includes(to);

/** All statuses from which `to` may be reached in one step. */
export const sourcesOf = <X extends number>(machine: Machine<X>, to: X): X[] =>
  (Object.keys(machine).map(Number) as X[]).filter((from) => mayChange(machine, from, to));

export const isFinal = <X extends number>(machine: Machine<X>, status: X): boolean =>
  machine[status].length === 0;

/** Final for a task: nothing will change it, and nobody waits for it any more. */
export const FINAL_TASK_STATUSES: readonly TaskStatus[] = [
  T.COMPLETED,
  T.ERROR,
  T.TIMEOUT,
  T.CANCELLED,
  T.RETRIED,
];
