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
  /** Is one of its tasks not final, CREATING ones included? Asked of the tasks. */
  readonly isOpen: boolean;
  /** Shown, and may lag (SC1). */
  readonly progress: BatchProgress;
}

export interface ParkedBatch extends BatchKey {
  readonly batchId: BatchId;
}

/**
 * Batches, numbered 1, 2, 3… in their session.
 *
 *   B1. Numbers have no gaps: number n exists only if n-1 does. A batch gets its number by being
 *       stored under it, which fails if another has it, and is then tried with the next.
 *   B2. A closed batch takes no more tasks. Write, then read: who joins stores the tasks first and
 *       then asks; who closes closes first and then looks for open tasks. So either the tasks are
 *       seen, or the join is refused.
 *   B3. Progress counts tasks by their batch id, stored before or after the batch itself.
 *   B4. Parking follows B2, too: it is written before the tasks are looked at.
 *   B5. All that is said of a batch is in its own document. Verbs for many batches may be cut short
 *       anywhere; whoever repeats them completes them.
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
   * are closed and have none; ask again for the others. From here on their progress does not change,
   * and a driver whose progress is not exact has counted it anew.
   */
  close(keys: readonly BatchKey[]): Promise<BatchInfo[]>;
  /** Accepted tasks of the session; a RETRIED one counts by what follows it. Cheap, shown (SC1). */
  taskCount(sessionId: SessionId): Promise<number>;
  /**
   * Batches that were not announced yet, of one session or of all, stored at least `olderThanMs`
   * ago. Cheap when there are none.
   */
  unannounced(query: {
    sessionId?: SessionId | undefined;
    olderThanMs?: number | undefined;
  }): Promise<Unannounced[]>;
  /** The session's workflow knows batches 1…upTo; each of them is marked by itself. */
  announced(sessionId: SessionId, upTo: number): Promise<void>;
  /**
   * The session's workflow has lost what it knew: all batches are to be announced once more. The last
   * one is marked first, so that it is never only some that are announced.
   */
  announceAgain(sessionId: SessionId): Promise<void>;
  /** Unknown keys are left out; the order is that of the keys. */
  get(keys: readonly BatchKey[]): Promise<BatchInfo[]>;
  /**
   * Parks those of the batches that wait for later submissions: whose open tasks are all PENDING.
   * Answers those that are parked.
   */
  park(keys: readonly BatchKey[]): Promise<BatchKey[]>;
  /** Parked batches, at most `limit` of those behind `after`, in the order of their keys. */
  parked(page: { after?: BatchKey | undefined; limit: number }): Promise<ParkedBatch[]>;
  /**
   * Parked batches whose open tasks are not all PENDING any more. Answered once, and again to whoever
   * asks for those that were answered at least `answeredOlderThanMs` ago, until they are `unparked`:
   * who was to tell their workflow may die. Called often: which batches it looks at, a driver may
   * guess by its shown counts, as long as it looks at the others too, by turns.
   */
  unparkReady(query?: { answeredOlderThanMs?: number | undefined }): Promise<BatchKey[]>;
  /** Their workflow was told. Those that were parked anew meanwhile are left. */
  unparked(keys: readonly BatchKey[]): Promise<void>;
  /** Their workflow could not be told: they are to be answered again at once. */
  untold(keys: readonly BatchKey[]): Promise<void>;
}
