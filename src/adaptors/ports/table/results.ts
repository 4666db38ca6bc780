import type { ResultFields } from "../../../domain/filter/fields.ts";
import type { ListQuery, Page } from "../../../domain/filter/query.ts";
import type { ResultId, SessionId, StageId, TaskId } from "../../../domain/ids.ts";
import type { Result } from "../../../domain/result.ts";
import type { CompletedResult } from "../../../domain/task.ts";

export type DeletedResult = Pick<CompletedResult, "resultId" | "objectId">;

/**
 * Results, one document each.
 *
 *   R1. Every change is a compare-and-set on one result's document.
 *   R2. A result becomes COMPLETED or ABORTED once (I5); repeating the same completion is ok. After
 *       that, or before, it may become DELETED, which ends it.
 *   R3. STAGED results are seen by `publish` and `dropStaged` only.
 */
export interface ResultTable {
  /** Stores results as given; with a stage invisibly, to be published with the status they carry. */
  create(results: readonly Result[], stage?: StageId): Promise<void>;
  /** Makes the stages' results visible; answers the ids that are COMPLETED. Safe to repeat. */
  publish(stages: readonly StageId[]): Promise<ResultId[]>;
  /** Removes the stages' unpublished results. Cheap when there are none. */
  dropStaged(stages: readonly StageId[]): Promise<void>;

  /** Unknown ids are left out; the order is that of the ids. */
  get(resultIds: readonly ResultId[]): Promise<Result[]>;
  list(query: ListQuery<ResultFields>): Promise<Page<Result>>;
  /**
   * All results of the session, in pages and in no special order, at a cost that grows with their
   * number only. Those that are created or published meanwhile may be left out; no other is.
   */
  walk(sessionId: SessionId): AsyncIterable<readonly Result[]>;

  /** Sets the owner of results that have none; others are left. */
  claim(claims: readonly { resultId: ResultId; taskId: TaskId }[]): Promise<void>;
  /** Moves ownership, only where `from` still owns the result ("" frees it). */
  transfer(moves: readonly { resultId: ResultId; from: TaskId; to: TaskId | "" }[]): Promise<void>;
  /** CREATED → COMPLETED. Answers, per item, whether this object is now the result's. */
  complete(completions: readonly CompletedResult[], at: number): Promise<boolean[]>;
  /** CREATED → ABORTED for those of `resultIds` owned by their task; answers all that are ABORTED. */
  abortOwned(
    owned: readonly { taskId: TaskId; resultIds: readonly ResultId[] }[],
    at: number,
  ): Promise<ResultId[]>;
  /** CREATED → ABORTED for the session's results that no task owns, at most `limit`; answers them. */
  abortUnowned(sessionId: SessionId, limit: number, at: number): Promise<ResultId[]>;
  /**
   * → DELETED, for good. Answers, of those of `resultIds` that are DELETED then, the objects that
   * they named, for the caller to delete; and again when it is repeated, since the caller may die.
   */
  delete(resultIds: readonly ResultId[]): Promise<DeletedResult[]>;
}
