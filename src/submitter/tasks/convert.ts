import { errorOf, type Task } from "../../domain/task.ts";
import type { TaskDetailed, TaskSummary } from "../../gen/tasks_common.ts";
import { toWireTaskOptions } from "../../grpc/task-options.ts";
import { toDate, toDuration } from "../../grpc/time.ts";

/** Absent until both have happened. */
const between = (from: number | undefined, to: number | undefined) =>
  from === undefined || to === undefined ? undefined : toDuration(Math.max(0, to - from));

/** What both views of a task have in common. */
const toShared = (task: Task) => ({
  id: task.taskId,
  sessionId: task.sessionId,
  ownerPodId: task.ownerAgentId,
  podHostname: task.ownerHostname,
  initialTaskId: task.initialTaskId,
  status: task.status,
  statusMessage: "",
  options: toWireTaskOptions(task.options),
  createdAt: toDate(task.createdAt),
  submittedAt: toDate(task.submittedAt),
  receivedAt: toDate(task.receivedAt),
  acquiredAt: toDate(task.acquiredAt),
  fetchedAt: toDate(task.fetchedAt),
  startedAt: toDate(task.startedAt),
  processedAt: toDate(task.processedAt),
  endedAt: toDate(task.endedAt),
  podTtl: toDate(task.startedAt),
  creationToEndDuration: between(task.createdAt, task.endedAt),
  processingToEndDuration: between(task.startedAt, task.endedAt),
  receivedToEndDuration: between(task.receivedAt, task.endedAt),
  payloadId: task.payloadId,
  createdBy: task.createdBy,
});

export const toTaskSummary = (task: Task): TaskSummary => ({
  ...toShared(task),
  countParentTaskIds: task.parentTaskIds.length,
  countDataDependencies: task.dataDependencies.length,
  countExpectedOutputIds: task.expectedOutputIds.length,
  countRetryOfIds: task.retryOfIds.length,
  error: errorOf(task),
});

export const toTaskDetailed = (task: Task): TaskDetailed => ({
  ...toShared(task),
  parentTaskIds: [...task.parentTaskIds],
  dataDependencies: [...task.dataDependencies],
  expectedOutputIds: [...task.expectedOutputIds],
  retryOfIds: [...task.retryOfIds],
  // Always there: C# clients read through it without a look. What has not failed is no failure, as
  // in the summary, which has the error only.
  output: { success: (task.commit?.outcome ?? "completed") === "completed", error: errorOf(task) },
});
