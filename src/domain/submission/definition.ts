import type { ResultId } from "../ids.ts";
import type { TaskDefinition } from "../task.ts";
import type { NewTask } from "./submission.ts";

const NONE: readonly never[] = [];

const unique = (ids: readonly ResultId[]): readonly ResultId[] =>
  ids.length > 1 ? [...new Set(ids)] : ids;

/** The same for all tasks that are no retries. */
type Fresh = "retryOfIds" | "initialTaskId" | "crashCount";

/** What a new task gets from where it is submitted. */
type Given = Omit<TaskDefinition, keyof NewTask | "batchId" | Fresh> &
  Pick<TaskDefinition, "options">;

/** Defines a new task; its batch is for the caller to choose. */
export const toDefinition = (
  { payloadId, dataDependencies, expectedOutputIds }: NewTask,
  { taskId, sessionId, options, parentTaskIds, createdBy, createdAt }: Given,
): Omit<TaskDefinition, "batchId"> => ({
  taskId,
  sessionId,
  payloadId,
  dataDependencies: unique(dataDependencies),
  expectedOutputIds: unique(expectedOutputIds),
  options,
  parentTaskIds,
  retryOfIds: NONE,
  initialTaskId: taskId,
  createdBy,
  createdAt,
  crashCount: 0,
});
