// What most tests do on their way.
import type { SubmitTasksRequest_TaskCreation as Creation } from "../../src/gen/tasks_common.ts";
import { OPTIONS, type OpenGrid } from "./open-grid.ts";

type Clients = Pick<OpenGrid, "sessions" | "results" | "tasks">;

export async function newSession({ sessions }: Clients, partitionIds: string[] = []) {
  const reply = await sessions.createSession({ defaultTaskOption: OPTIONS, partitionIds });
  return reply.sessionId;
}

/** Ids of new results without data. */
export async function newResults({ results }: Clients, sessionId: string, names: string[]) {
  const reply = await results.createResultsMetaData({
    sessionId,
    results: names.map((name) => ({ name })),
  });
  return reply.results.map(({ resultId }) => resultId);
}

/** The id of a completed result. */
export async function newPayload({ results }: Clients, sessionId: string, text = "payload") {
  const data = new TextEncoder().encode(text);
  const reply = await results.createResults({ sessionId, results: [{ name: "payload", data }] });
  return reply.results[0]?.resultId ?? "";
}

/** Submits one task a payload or a list of creations; answers ids. */
export async function submit(
  { tasks }: Clients,
  sessionId: string,
  taskCreations: Partial<Creation>[],
) {
  const reply = await tasks.submitTasks({ sessionId, taskCreations });
  return reply.taskInfos.map(({ taskId }) => taskId);
}

export async function* chunksOf(
  id: { sessionId: string; resultId: string },
  ...data: Uint8Array[]
) {
  yield { type: { $case: "id" as const, value: id } };
  for (const value of data) yield { type: { $case: "dataChunk" as const, value } };
}
