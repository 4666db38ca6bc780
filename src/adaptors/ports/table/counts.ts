import type { SessionId } from "../../../domain/ids.ts";

/**
 * The counts that are shown: of a session's tasks by status (`tasks.countByStatus`,
 * `batches.taskCount`, the totals of lists), and the progress of batches.
 *
 *   SC1. They may lag behind the tasks, and after a crash may stay wrong until they are recounted.
 *        So they decide nothing: what decides asks the tasks themselves, by an index.
 */
export interface ShownCounts {
  /** Which of them are written together with the tasks, and so neither lag nor go wrong. */
  readonly exact: { readonly byStatus: boolean; readonly progress: boolean };
  /**
   * Sets the counts of a session to what its tasks are. Costs a look at each of them, in slices; what
   * changes meanwhile is counted as well. Repeatable.
   */
  recount(sessionId: SessionId): Promise<void>;
}
