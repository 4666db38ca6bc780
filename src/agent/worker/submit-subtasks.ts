// Takes subtasks into the buffer of their parent's attempt. What can be refused is refused now;
// they become part of the session when the parent commits.
import { GridError } from "../../domain/errors.ts";
import { type ResultId, resultId, taskId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Session } from "../../domain/session.ts";
import { ResultStatus } from "../../domain/status.ts";
import type { TaskOptions } from "../../domain/task-options.ts";
import type {
  SubmitTasksRequest_TaskCreation as Creation,
  SubmitTasksRequest,
  SubmitTasksResponse,
} from "../../gen/agent_common.ts";
import { createLayers } from "../../grpc/task-layers.ts";
import { createReferenceCheck, namedBy } from "../../grpc/task-references.ts";
import type { AgentContext } from "../context.ts";
import type { Attempt } from "../execution/attempt.ts";
import type { Subtask } from "../execution/buffer.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";

/** @throws {GridError} naming the field, what is wrong and what is allowed. */
export async function submitSubtasks(
  context: AgentContext,
  attempt: Attempt,
  request: SubmitTasksRequest,
): Promise<SubmitTasksResponse> {
  const { communicationToken, taskCreations: creations } = request;
  if (creations.length === 0) return { taskInfos: [], communicationToken };
  const session = await sessionOf(context, attempt);
  if (!session.workerSubmission)
    throw new GridError("SUBMISSION_CLOSED", `${session.sessionId} takes no tasks from workers`);
  const optionsOf = createLayers(session, request.taskOptions);
  const options = creations.map(({ taskOptions }, i) => optionsOf(taskOptions, i));
  await checkReferences(context, attempt, creations);
  if (attempt.buffer.closed) throw new GridError("NO_TASK_RUNNING", "the task has ended");
  const subtasks = creations.map((creation, i) =>
    toSubtask(context, attempt, { creation, options: options[i] as TaskOptions }),
  );
  for (const subtask of subtasks) attempt.buffer.subtasks.push(subtask);
  return {
    communicationToken,
    taskInfos: creations.map((creation, i) => ({
      taskId: subtasks[i]?.taskId ?? "",
      expectedOutputIds: creation.expectedOutputKeys,
      dataDependencies: creation.dataDependencies,
      payloadId: creation.payloadId,
    })),
  };
}

async function sessionOf(context: AgentContext, { task, buffer }: Attempt): Promise<Session> {
  const { stores, log, ending: signal } = context;
  buffer.session ??= retryUntilAvailable({ log, signal }, "find session", () =>
    stores.tables.sessions.get(task.sessionId),
  );
  const session = await buffer.session.catch((error: unknown) => {
    buffer.session = undefined;
    throw error;
  });
  if (!session) throw new GridError("SESSION_NOT_FOUND", task.sessionId);
  return session;
}

const unique = (ids: readonly string[]): ResultId[] =>
  ids.length > 1 ? [...new Set(ids)].map(resultId) : ids.map(resultId);

function toSubtask(
  { newId, stores }: AgentContext,
  { task }: Attempt,
  { creation, options }: { creation: Creation; options: TaskOptions },
): Subtask {
  const { payloadId, dataDependencies, expectedOutputKeys } = creation;
  const id = taskId(newId());
  return {
    taskId: id,
    sessionId: task.sessionId,
    payloadId: resultId(payloadId),
    dataDependencies: unique(dataDependencies),
    expectedOutputIds: unique(expectedOutputKeys),
    options,
    parentTaskIds: [...task.parentTaskIds, task.taskId],
    retryOfIds: [],
    initialTaskId: id,
    createdBy: task.taskId,
    createdAt: stores.now(),
    crashCount: 0,
  };
}

/** Every result named must be made by this attempt, or known to the session and still usable. */
async function checkReferences(
  { stores, log, ending: signal }: AgentContext,
  { task, buffer }: Attempt,
  creations: readonly Creation[],
): Promise<void> {
  const { sessionId } = task;
  const ours = { sessionId, status: ResultStatus.CREATED };
  const expected = new Set(task.expectedOutputIds);
  const references = new Map<ResultId, Pick<Result, "sessionId" | "status">>();
  const others: ResultId[] = [];
  for (const id of namedBy(creations)) {
    if (buffer.created.has(id) || expected.has(id)) references.set(id, ours);
    else others.push(id);
  }
  const rows = await retryUntilAvailable({ log, signal }, "find results", () =>
    stores.tables.results.get(others),
  );
  for (const row of rows) references.set(row.resultId, row);
  creations.forEach(createReferenceCheck(sessionId, references));
}
