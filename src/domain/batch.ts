/** A batch is what supervision counts in: one activity of the session workflow watches one batch. */
import type { BatchId, SessionId } from "./ids.ts";

export interface BatchKey {
  readonly sessionId: SessionId;
  /** 1, 2, 3… without gaps in its session. */
  readonly batch: number;
}

export interface NewBatch {
  readonly batchId: BatchId;
  readonly sessionId: SessionId;
  /** Set when the batch is cut as one task that people should recognise. */
  readonly name?: string | undefined;
  /**
   * How long its supervision waits for more tasks after the last one is final: part of a stream of
   * small calls. Absent: not at all.
   */
  readonly lingerMs?: number | undefined;
}

export interface BatchProgress {
  /** Tasks not final yet. */
  readonly open: number;
  /** Of these, tasks that wait for inputs (PENDING). */
  readonly pending: number;
  readonly completed: number;
  /** ERROR, TIMEOUT or CANCELLED; a RETRIED task counts by what follows it. */
  readonly failed: number;
}

/** What a session's workflow is told of new batches. A high-water mark: repeats, reordering and coalescing are harmless. */
export interface BatchesSubmitted {
  upTo: number;
  tasks: number;
  names: Readonly<Record<number, string>>;
}

/** Tasks of a batch by the rules of cutting, at most. Subtasks may make theirs larger. */
export const LARGEST_BATCH = 1_000;
const SMALLEST = 8;
/** So that people see a session advance. */
const BATCHES_PER_SESSION = 16;
const LARGE_SESSION = 1_000;
const BATCHES_PER_LARGE_SESSION = 4;
/**
 * I7: a session of more than a thousand tasks may cost Temporal 50 events per 1,000. A batch that
 * is announced and settles alone costs 10: an activity, a signal, and their workflow tasks.
 */
const SMALLEST_IN_LARGE_SESSION = 500;

/**
 * Additions to a session that is not small any more, too few to make batches of their own: they
 * join one that exists. Else a stream of single tasks, or tasks that submit a few children each,
 * would cost Temporal as much as one activity per call.
 */
export const isSmallAddition = (soFar: number, count: number, singleTasks: number): boolean =>
  soFar > singleTasks && count < SMALLEST_IN_LARGE_SESSION;

/**
 * Sizes of the batches for `count` new tasks of a session that has `soFar`.
 *
 * Small sessions get one task a batch, so that the Temporal UI reads like the job. The sizes are
 * data, stored with the batches: this rule may change at any time.
 */
export function cut(soFar: number, count: number, singleTasks: number): number[] {
  const total = soFar + count;
  if (count === 0) return [];
  if (total <= singleTasks) return Array.from({ length: count }, () => 1);
  if (isSmallAddition(soFar, count, singleTasks)) return [count];
  const size =
    total >= LARGE_SESSION
      ? Math.max(SMALLEST_IN_LARGE_SESSION, Math.ceil(total / BATCHES_PER_LARGE_SESSION))
      : Math.max(SMALLEST, Math.ceil(total / BATCHES_PER_SESSION));
  // None is smaller than `size`, unless the whole is; none is larger than the largest.
  const fewest = Math.ceil(count / LARGEST_BATCH);
  const batches = Math.max(fewest, Math.floor(count / size), 1);
  const least = Math.floor(count / batches);
  const larger = count % batches;
  return Array.from({ length: batches }, (_, i) => (i < larger ? least + 1 : least));
}
