// Takes subtasks into the buffer of their parent's attempt. What can be refused is refused now;
// they become part of the session when the parent commits.
import { GridError } from "../../domain/errors.ts";
import { type ResultId, type TaskId, taskId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Session } from "../../domain/session.ts";
import { ResultStatus } from "../../domain/status.ts";
import { toDefinition } from "../../domain/submission/definition.ts";
import { createLayers } from "../../domain/submission/layers.ts";
import { checkReferences } from "../../domain/submission/references.ts";
import { type NewTask, resultsOf, type Submission } from "../../domain/submission/submission.ts";
import type { SubmitTasksRequest, SubmitTasksResponse } from "../../gen/agent_common.ts";
import { FIELDS, toNewTasks, toSubmissionOptions, toTaskInfos } from "../../grpc/submission.ts";
import type { AgentContext } from "../context.ts";
import type { Attempt } from "../execution/attempt.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";

/** @throws {GridError} naming the field, what is wrong and what is allowed. */
export async function submitSubtasks(
  context: AgentContext,
  attempt: Attempt,
  request: SubmitTasksRequest,
): Promise<SubmitTasksResponse> {
  const { communicationToken, taskCreations } = request;
  if (taskCreations.length === 0) return { taskInfos: [], communicationToken };
  const submission = {
    sessionId: attempt.task.sessionId,
    options: toSubmissionOptions(request.taskOptions),
    tasks: toNewTasks(taskCreations),
  };
  const taskIds = await addSubtasks(context, attempt, submission);
  return { communicationToken, taskInfos: toTaskInfos(taskCreations, taskIds) };
}

/** Answers the ids of the subtasks, in order. */
async function addSubtasks(
  context: AgentContext,
  attempt: Attempt,
  submission: Submission,
): Promise<TaskId[]> {
  const { task, buffer } = attempt;
  const { sessionId, tasks } = submission;
  const session = await sessionOf(context, attempt);
  if (!session.workerSubmission)
    throw new GridError("SUBMISSION_CLOSED", `${sessionId} takes no tasks from workers`);
  const optionsOf = createLayers(session, submission.options, FIELDS);
  const options = tasks.map((one, i) => optionsOf(one.options, i));
  checkReferences(submission, await readReferences(context, attempt, tasks), FIELDS);
  if (buffer.closed) throw new GridError("NO_TASK_RUNNING", "the task has ended");
  const given = {
    sessionId,
    parentTaskIds: [...task.parentTaskIds, task.taskId],
    createdBy: task.taskId,
    createdAt: context.stores.now(),
  };
  return options.map((merged, i) => {
    const id = taskId(context.newId());
    const definition = { ...given, taskId: id, options: merged };
    buffer.subtasks.push(toDefinition(tasks[i] as NewTask, definition));
    return id;
  });
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

/** What is known of the results named: made by this attempt, or found in the store. */
async function readReferences(
  { stores, log, ending: signal }: AgentContext,
  { task, buffer }: Attempt,
  tasks: readonly NewTask[],
) {
  const ours = { sessionId: task.sessionId, status: ResultStatus.CREATED };
  const expected = new Set(task.expectedOutputIds);
  const references = new Map<ResultId, Pick<Result, "sessionId" | "status">>();
  const others: ResultId[] = [];
  for (const id of resultsOf(tasks)) {
    if (buffer.created.has(id) || expected.has(id)) references.set(id, ours);
    else others.push(id);
  }
  const rows = await retryUntilAvailable({ log, signal }, "find results", () =>
    stores.tables.results.get(others),
  );
  for (const row of rows) references.set(row.resultId, row);
  return references;
}
