import type { BatchId, ResultId, TaskId } from "../../../domain/ids.ts";

/** The task waits for the result. */
export interface Edge {
  readonly taskId: TaskId;
  readonly resultId: ResultId;
}

export interface EdgesOfBatch {
  readonly batchId: BatchId;
  readonly after?: Edge | undefined;
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
   * Open edges of PENDING and PAUSED tasks, a list for each batch: those behind `after`, in a fixed
   * order of the store's own. At most `limit` in all; the answer ends with the batch in which it is
   * reached. For whoever looks whether somebody died in the middle of D1.
   */
  openInBatches(batches: readonly EdgesOfBatch[], limit: number): Promise<Edge[][]>;
}
