/** Tasks as they are asked for, whoever asks: a client, a client of the old interface, a worker. */
import type { ResultId, SessionId } from "../ids.ts";
import type { TaskOptions } from "../task-options.ts";

export interface NewTask {
  readonly payloadId: ResultId;
  /** As given: a result may be named twice. */
  readonly dataDependencies: readonly ResultId[];
  readonly expectedOutputIds: readonly ResultId[];
  /** Set over those of the submission; tasks with the same options share one object. */
  readonly options?: TaskOptions | undefined;
}

export interface Submission {
  readonly sessionId: SessionId;
  /** Set for all its tasks, over those of the session. */
  readonly options?: TaskOptions | undefined;
  readonly tasks: readonly NewTask[];
}

/** What of a task names results. */
export type ReferenceField = "payloadId" | "dataDependencies" | "expectedOutputIds";

/** Whose options: those of one task, of the whole submission, or the session's defaults. */
export type Layer = number | "submission" | "session";

/** How the caller's interface spells the fields, for refusals. */
export interface SubmissionFields {
  readonly tasks: string;
  partition(layer: Layer): string;
  /** The field of the task, by position; of a list, the `index`-th. */
  reference(task: number, field: ReferenceField, index?: number): string;
}

/** Every result that the tasks name, each once. */
export function resultsOf(tasks: readonly NewTask[]): Set<ResultId> {
  const ids = new Set<ResultId>();
  for (const { payloadId, dataDependencies, expectedOutputIds } of tasks) {
    ids.add(payloadId);
    for (const id of dataDependencies) ids.add(id);
    for (const id of expectedOutputIds) ids.add(id);
  }
  return ids;
}
