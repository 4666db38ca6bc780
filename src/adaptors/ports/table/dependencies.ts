import type { BatchId, ResultId, TaskId } from "../../../domain/ids.ts";

/** The task waits for the result. */
export interface Edge {
  readonly taskId: TaskId;
  readonly resultId: ResultId;
}

/**
 * Which tasks wait for which results: one edge each, closed when the result is final.
 *
 *   D1. Write, then read: both the completer and the submitter write first (close edges, add
 *       edges) and then look for tasks without an open edge. Two may both find a task ready,
 *       never neither.
 */
export interface DependencyTable {
  /** Adds open edges; an edge that exists is left, open or closed. */
  add(edges: readonly { taskId: TaskId; resultIds: readonly ResultId[] }[]): Promise<void>;
  /** Closes all edges of these results; answers the tasks touched that have no open edge left. */
  close(resultIds: readonly ResultId[]): Promise<TaskId[]>;
  /** Of these tasks, those without an open edge. */
  ready(taskIds: readonly TaskId[]): Promise<TaskId[]>;
  /** Tasks with an edge, open or closed, to one of these results. */
  dependents(resultIds: readonly ResultId[]): Promise<TaskId[]>;
  /**
   * Open edges of the batch's PENDING and PAUSED tasks, at most `limit` of those behind `after`, in
   * a fixed order of the store's own: for whoever looks whether somebody died in the middle of D1.
   */
  openInBatch(
    batchId: BatchId,
    page: { after?: Edge | undefined; limit: number },
  ): Promise<readonly Edge[]>;
}
