// Takes subtasks into the buffer of their parent's attempt. What can be refused is refused now;
// they become part of the session when the parent commits.
import { randomUUID } from "node:crypto";
import { GridError, invalid } from "../domain/errors.ts";
import { type ResultId, resultId, taskId } from "../domain/ids.ts";
import type { Result } from "../domain/result.ts";
import type { Session } from "../domain/session.ts";
import { ResultStatus } from "../domain/status.ts";
import { mergeOptions, type TaskOptions } from "../domain/task-options.ts";
import type {
  SubmitTasksRequest_TaskCreation as Creation,
  SubmitTasksRequest,
  SubmitTasksResponse,
} from "../gen/agent_common.ts";
import type { TaskOptions as WireTaskOptions } from "../gen/objects.ts";
import type { Attempt } from "./attempt.ts";
import type { Subtask } from "./buffer.ts";
import type { AgentContext } from "./context.ts";
import { toTaskOptions } from "./task-options.ts";

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
    toSubtask(attempt, creation, { options: options[i] as TaskOptions, at: context.stores.now() }),
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

async function sessionOf({ stores }: AgentContext, { task, buffer }: Attempt): Promise<Session> {
  buffer.session ??= stores.tables.sessions.get(task.sessionId);
  const session = await buffer.session.catch((error: unknown) => {
    buffer.session = undefined;
    throw error;
  });
  if (!session) throw new GridError("SESSION_NOT_FOUND", task.sessionId);
  return session;
}

/** Merges task over request over session; tasks with equal options share one object. */
function createLayers(session: Session, request: WireTaskOptions | undefined) {
  const { defaultOptions, partitionIds, sessionId } = session;
  const merge = (wire: WireTaskOptions | undefined, lower: TaskOptions, path: string) =>
    wire ? mergeOptions(toTaskOptions(wire, path), lower) : lower;
  const base = merge(request, defaultOptions, "task_options");
  const merged = new Map<string, TaskOptions>();

  return (wire: WireTaskOptions | undefined, i: number): TaskOptions => {
    const key = wire ? JSON.stringify(wire) : "";
    const known = merged.get(key);
    if (known) return known;
    const path = wire ? `task_creations[${i}].task_options` : "task_options";
    const options = merge(wire, base, path);
    const { partitionId } = options;
    if (partitionId === "" || !partitionIds.includes(partitionId)) {
      const allowed = `session ${sessionId} has ${partitionIds.join(", ")}`;
      throw new GridError(
        "PARTITION_NOT_ALLOWED",
        `${path}.partition_id: is "${partitionId}"; ${allowed}`,
      );
    }
    merged.set(key, options);
    return options;
  };
}

const unique = (ids: readonly string[]): ResultId[] =>
  ids.length > 1 ? [...new Set(ids)].map(resultId) : ids.map(resultId);

function toSubtask(
  { task }: Attempt,
  { payloadId, dataDependencies, expectedOutputKeys }: Creation,
  { options, at }: { options: TaskOptions; at: number },
): Subtask {
  const id = taskId(randomUUID());
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
    createdAt: at,
    crashCount: 0,
  };
}

/** Every result named must be made by this attempt, or known to the session and still usable. */
async function checkReferences(
  { stores }: AgentContext,
  { task, buffer }: Attempt,
  creations: readonly Creation[],
): Promise<void> {
  creations.forEach(checkNames);
  const outputs = new Set(creations.flatMap((one) => one.expectedOutputKeys));
  const named = new Set(creations.flatMap((one) => [one.payloadId, ...one.dataDependencies]));
  for (const id of outputs) named.add(id);
  const expected = new Set<string>(task.expectedOutputIds);
  const others = [...named]
    .filter((id) => !expected.has(id) && !buffer.created.has(resultId(id)))
    .map(resultId);
  const rows = await stores.tables.results.get(others);
  const known = new Map(rows.map((row) => [row.resultId, row]));
  for (const id of others) {
    const row = known.get(id);
    if (row?.sessionId !== task.sessionId) throw new GridError("RESULT_NOT_FOUND", id);
    if (!isUsable(row, outputs.has(id)))
      throw new GridError("RESULT_INVALID_STATUS", `result ${id} has status ${row.status}`);
  }
}

const isUsable = ({ status }: Result, asOutput: boolean): boolean =>
  status === ResultStatus.CREATED || (status === ResultStatus.COMPLETED && !asOutput);

function checkNames(creation: Creation, i: number): void {
  const { payloadId, dataDependencies, expectedOutputKeys } = creation;
  const field = `task_creations[${i}]`;
  if (payloadId === "")
    throw invalid(`${field}.payload_id`, "is empty", "name a result of the session");
  const own = expectedOutputKeys.find((id) => id === payloadId || dataDependencies.includes(id));
  // It would wait for ever.
  if (own !== undefined) throw invalid(field, `needs its own output ${own}`, "name another result");
}
