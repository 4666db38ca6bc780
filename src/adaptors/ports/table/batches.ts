import type { BatchKey, BatchProgress, NewBatch } from "../../../domain/batch.ts";
import type { BatchId, SessionId } from "../../../domain/ids.ts";

/** A session with batches that its workflow has not been told of. */
export interface Unannounced {
  readonly sessionId: SessionId;
  /** Batches 1…upTo are stored. */
  readonly upTo: number;
  /** Tasks of the session, as in `taskCount`. */
  readonly tasks: number;
  /** Names of the single-task batches among the unannounced, by number; at most 64, the first. */
  readonly names: Readonly<Record<number, string>>;
}

export interface BatchInfo extends BatchKey {
  readonly batchId: BatchId;
  readonly name?: string | undefined;
  readonly lingerMs?: number | undefined;
  readonly progress: BatchProgress;
}

export interface ParkedBatch extends BatchKey {
  readonly batchId: BatchId;
}

/**
 * Batches, numbered 1, 2, 3… in their session.
 *
 *   B1. Numbers have no gaps: number n exists only if n-1 does.
 *   B2. A closed batch takes no more tasks. Write, then read: who joins stores the tasks first and
 *       then asks; who closes closes first and then looks for open tasks. So either the tasks are
 *       seen, or the join is refused.
 *   B3. Progress counts tasks by their batch id, stored before or after the batch itself.
 */
export interface BatchTable {
  /** Gives the batch the next number; a batch id that has one keeps it. Answers per item. */
  add(batches: readonly NewBatch[]): Promise<BatchKey[]>;
  /**
   * May tasks that are stored already be part of this batch? Not if it is closed or parked. One
   * that is not stored yet takes tasks; its name and the like are its first storer's to say.
   */
  join(batchId: BatchId): Promise<boolean>;
  /**
   * Closes those of the batches that have no open task, CREATING ones included. Answers those that
   * are closed and have none, with their progress ever after; ask again for the others.
   */
  close(keys: readonly BatchKey[]): Promise<BatchInfo[]>;
  /** Accepted tasks of the session; a RETRIED one counts by what follows it. Cheap. */
  taskCount(sessionId: SessionId): Promise<number>;
  /**
   * Batches that were not announced yet, of one session or of all, stored at least `olderThanMs`
   * ago. Cheap when there are none.
   */
  unannounced(query: {
    sessionId?: SessionId | undefined;
    olderThanMs?: number | undefined;
  }): Promise<Unannounced[]>;
  /** The session's workflow knows batches 1…upTo. */
  announced(sessionId: SessionId, upTo: number): Promise<void>;
  /** The session's workflow has lost what it knew: all batches are to be announced once more. */
  announceAgain(sessionId: SessionId): Promise<void>;
  /** Unknown keys are left out; the order is that of the keys. */
  progress(keys: readonly BatchKey[]): Promise<BatchInfo[]>;
  /** Marks a batch as waiting for later submissions. */
  park(key: BatchKey): Promise<void>;
  /** Parked batches, at most `limit` of those behind `after`, in the order of their keys. */
  parked(page: { after?: BatchKey | undefined; limit: number }): Promise<ParkedBatch[]>;
  /**
   * Parked batches in which a task became ready or final. Answered once, and again to whoever asks
   * for those that were answered at least `answeredOlderThanMs` ago, until they are `unparked`: who
   * was to tell their workflow may die.
   */
  unparkReady(query?: { answeredOlderThanMs?: number | undefined }): Promise<BatchKey[]>;
  /** Their workflow was told. Those that were parked anew meanwhile are left. */
  unparked(keys: readonly BatchKey[]): Promise<void>;
}
