// What the worker may ask while it runs a task.
//
//   AS1. Nothing but GetResourceData leaves memory before the worker has answered ok (I3); ids are
//       answered at once.
//   AS2. A token is good for the attempt that runs now, and dies with its call.
//   AS3. Replies hold what the interface asks for and nothing more: some clients take 10 KiB only.
//   AS4. An outage of a store is no answer: the worker waits, and its task's deadline runs on.
import { writeFile } from "node:fs/promises";
import { GridError, invalid } from "../../domain/errors.ts";
import { type ResultId, resultId } from "../../domain/ids.ts";
import { ResultStatus } from "../../domain/status.ts";
import type { NotifyResultDataRequest, ResultMetaData } from "../../gen/agent_common.ts";
import type { AgentDefinition } from "../../gen/agent_service.ts";
import type { Service } from "../../grpc/service.ts";
import type { AgentContext } from "../context.ts";
import type { Attempt } from "../execution/attempt.ts";
import { fileOf, isFileName } from "../execution/folder.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";
import { fetchResource } from "./fetch-resource.ts";
import { submitSubtasks } from "./submit-subtasks.ts";

/** Inline data above this size goes to a file at once, as if the worker had written it. */
const INLINE_BYTES = 64 * 1024;

/** Left out, as ArmoniK does (AS3): the worker knows it. */
const NO_TOKEN = { communicationToken: "" };

const notAvailable = (method: string) => (): never => {
  throw new GridError("NOT_IMPLEMENTED", `Agent/${method}`);
};

/** @param current the attempt whose call runs, if any. */
export function agentService(
  context: AgentContext,
  current: () => Attempt | undefined,
): Service<AgentDefinition> {
  /** @throws {GridError} INVALID_ARGUMENT, NO_TASK_RUNNING. */
  const attemptOf = (token: string): Attempt => {
    const field = "communication_token";
    const allowed = "send the one that came with the task";
    if (token === "") throw invalid(field, "is empty", allowed);
    const attempt = current();
    if (!attempt) throw new GridError("NO_TASK_RUNNING", "the worker has not been given one");
    if (attempt.token !== token) throw invalid(field, "is not that of the running task", allowed);
    return attempt;
  };

  return {
    async createResultsMetaData({ results, communicationToken }) {
      const attempt = attemptOf(communicationToken);
      return {
        ...NO_TOKEN,
        results: results.map(({ name }) => create(context, attempt, { name })),
      };
    },

    async createResults({ results, communicationToken }) {
      const attempt = attemptOf(communicationToken);
      const created = results.map(({ name, data }) => ({
        meta: create(context, attempt, data.length > INLINE_BYTES ? { name } : { name, data }),
        data,
      }));
      for (const { meta, data } of created) {
        if (data.length > INLINE_BYTES) await spill(attempt, resultId(meta.resultId), data);
      }
      return { ...NO_TOKEN, results: created.map(({ meta }) => meta) };
    },

    async notifyResultData({ ids, communicationToken }) {
      const attempt = attemptOf(communicationToken);
      await checkAnnounced(context, attempt, ids);
      if (attempt.buffer.closed) throw new GridError("NO_TASK_RUNNING", "the task has ended");
      for (const { resultId: id } of ids) attempt.buffer.notified.add(resultId(id));
      return { resultIds: ids.map(({ resultId: id }) => id) };
    },

    submitTasks: (request) =>
      submitSubtasks(context, attemptOf(request.communicationToken), request),

    getResourceData: ({ communicationToken, resultId: id }) =>
      fetchResource(context, attemptOf(communicationToken), resultId(id)),

    createTask: notAvailable("CreateTask"),
    getCommonData: notAvailable("GetCommonData"),
    getDirectData: notAvailable("GetDirectData"),
  };
}

function create(
  { newId, stores }: AgentContext,
  { buffer, task }: Attempt,
  { name, data }: { name: string; data?: Uint8Array },
): ResultMetaData {
  const id = newId();
  const at = stores.now();
  // A view of the whole message, which is to live no longer than needed.
  buffer.created.set(resultId(id), { name, createdAt: at, data: data?.slice() });
  return {
    ...{ sessionId: task.sessionId, resultId: id, name },
    ...{ status: ResultStatus.CREATED, createdAt: new Date(at) },
  };
}

async function spill({ buffer, folder }: Attempt, id: ResultId, data: Uint8Array): Promise<void> {
  await writeFile(fileOf(folder, id), data);
  buffer.notified.add(id);
}

/** Results that are neither expected of the task nor made by it must be known to the session. */
async function checkAnnounced(
  { stores, log, ending: signal }: AgentContext,
  { task, buffer }: Attempt,
  ids: NotifyResultDataRequest["ids"],
): Promise<void> {
  const others: ResultId[] = [];
  for (const { resultId: text } of ids) {
    const id = resultId(text);
    if (!isFileName(id)) throw invalid("ids.result_id", `"${id}" is no result id`, "name a result");
    if (!task.expectedOutputIds.includes(id) && !buffer.created.has(id)) others.push(id);
  }
  if (others.length === 0) return;
  const rows = await retryUntilAvailable({ log, signal }, "find results", () =>
    stores.tables.results.get(others),
  );
  const known = new Set(
    rows.filter(({ sessionId }) => sessionId === task.sessionId).map((row) => row.resultId),
  );
  const unknown = others.find((id) => !known.has(id));
  if (unknown) throw new GridError("RESULT_NOT_FOUND", unknown);
}
