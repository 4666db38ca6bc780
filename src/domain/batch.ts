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
  readonly taskCount: number;
  /** Set when the batch is one task that people should recognise. */
  readonly name?: string | undefined;
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

export const SINGLE_UP_TO = 64;
/** Tasks of a batch, at most. */
export const LARGEST_BATCH = 1_000;
const SMALLEST = 8;
const BATCHES_PER_SUBMISSION = 32;
/**
 * I7: a session of more than a thousand tasks may cost Temporal 50 events per 1,000. A batch that
 * settles alone costs 6, an activity and the workflow task that hears of it, the session itself 20.
 */
const LARGE_SESSION = 1_000;
const SMALLEST_IN_LARGE_SESSION = 250;

/**
 * Sizes of the batches for `count` new tasks of a session that has `soFar`.
 *
 * Small sessions get one task a batch, so that the Temporal UI reads like the job. The sizes are
 * data, stored with the batches: this rule may change at any time.
 */
export function cut(soFar: number, count: number, singleUpTo = SINGLE_UP_TO): number[] {
  const total = soFar + count;
  if (total <= singleUpTo) return Array.from({ length: count }, () => 1);
  const smallest = total >= LARGE_SESSION ? SMALLEST_IN_LARGE_SESSION : SMALLEST;
  const size = Math.min(
    LARGEST_BATCH,
    Math.max(smallest, Math.ceil(total / BATCHES_PER_SUBMISSION)),
  );
  return Array.from({ length: Math.ceil(count / size) }, (_, i) =>
    Math.min(size, count - i * size),
  );
}
