import type { ResultId, SessionId, TaskId } from "../../../domain/ids.ts";
import type { ResultStatus, TaskStatus } from "../../../domain/status.ts";

export type Change =
  | { kind: "newTask"; taskId: TaskId; status: TaskStatus }
  | { kind: "taskStatus"; taskId: TaskId; status: TaskStatus }
  | { kind: "newResult"; resultId: ResultId; ownerTaskId: TaskId | ""; status: ResultStatus }
  | { kind: "resultStatus"; resultId: ResultId; status: ResultStatus }
  | {
      kind: "resultOwner";
      resultId: ResultId;
      previousOwnerId: TaskId | "";
      ownerTaskId: TaskId | "";
    };

/**
 * What changed, in order.
 *
 *   F1. A subscription misses nothing that is written after `open` resolved: read the snapshot
 *       after opening and there is no gap. What was written just before may come as well.
 *   F2. Changes of one document come in the order in which they were made.
 *   F3. A subscription that cannot go on without a gap (too far behind, store away for too long)
 *       throws; it never just falls silent.
 *   F4. A change belongs to its document's write, as in the log that a store keeps of its writes:
 *       a verb that dies half-way has told of what it wrote, and of nothing else.
 */
export interface ChangeFeed {
  /**
   * Live when it resolves; ends without an error when `signal` aborts. What is not `wanted` is
   * neither kept nor told: with thousands of subscriptions each change concerns few of them.
   */
  open(
    sessionId: SessionId,
    signal: AbortSignal,
    wanted?: (change: Change) => boolean,
  ): Promise<AsyncIterable<readonly Change[]>>;
  /**
   * Calls back soon after tasks became final or batches were added, in this or another process;
   * calls are coalesced and may come for nothing. Answers how to stop. A lost call costs time only.
   */
  onProgress(listener: () => void): () => void;
}
