// What can be seen of the documents, one text each, the same for every session.

import type { TaskCounts } from "../../../../src/adaptors/ports/table/tasks.ts";
import type { TableStorage } from "../../../../src/adaptors/table-storage.ts";
import { bySession } from "../conditions.ts";
import type { Cast } from "./cast.ts";

export type Shown = ReadonlyMap<string, string>;

const ALL = { limit: 1_000 };

export async function show(tables: TableStorage, cast: Cast): Promise<Shown> {
  const shown = new Map<string, string>();
  const put = (key: string, value: unknown): void => {
    if (value !== undefined) shown.set(neutral(cast, key), neutral(cast, value));
  };
  put("session", await tables.sessions.get(cast.session));
  for (const task of await tables.tasks.staged([cast.stage], ALL)) put(task.taskId, task);
  for (const result of await tables.results.get(cast.resultIds)) put(result.resultId, result);
  for (const one of await tables.partitions.get(cast.partitions.map((row) => row.partitionId)))
    put(one.partitionId, one);
  for (const { heartbeats: _, checksRequested: __, ...agent } of await tables.agents.list())
    if (agent.agentId === cast.owner.agentId) put(agent.agentId, agent);
  await showEdges(tables, cast, put);
  await showBatches(tables, cast, put);
  return shown;
}

/** What is shown apart from the documents, once it is counted anew. */
export async function recounted(tables: TableStorage, cast: Cast): Promise<string> {
  const { session: sessionId } = cast;
  await tables.counts.recount(sessionId);
  const keys = cast.batches.map((_, i) => ({ sessionId, batch: i + 1 }));
  const infos = await tables.batches.get(keys);
  const byStatus = await tables.tasks.countByStatus(bySession(sessionId));
  const progress = infos.map((info) => [info.batchId, info.progress]);
  const taskCount = await tables.batches.taskCount(sessionId);
  return neutral(cast, { byStatus: byStatus.toSorted(byNumber), progress, taskCount });
}

const byNumber = (a: TaskCounts, b: TaskCounts): number => a.status - b.status;

export const neutral = ({ session }: Cast, value: unknown): string =>
  JSON.stringify(value ?? "nothing").replaceAll(session, "SESSION");

type Put = (key: string, value: unknown) => void;

async function showEdges({ dependencies }: TableStorage, cast: Cast, put: Put): Promise<void> {
  for (const resultId of cast.resultIds)
    for (const taskId of await dependencies.dependents([resultId]))
      put(`edge ${taskId} ${resultId}`, "closed");
  const [batch] = cast.batches;
  if (!batch) throw new Error("no batch");
  const open = await dependencies.openInBatches([batch], ALL.limit);
  for (const { taskId, resultId } of open.flat()) put(`edge ${taskId} ${resultId}`, "open");
}

async function showBatches({ batches }: TableStorage, cast: Cast, put: Put): Promise<void> {
  const { session: sessionId } = cast;
  const keys = cast.batches.map((_, i) => ({ sessionId, batch: i + 1 }));
  const parked = await batches.parked(ALL);
  for (const { progress: _, ...batch } of await batches.get(keys)) {
    const isParked = parked.some(({ batchId }) => batchId === batch.batchId);
    put(batch.batchId, { ...batch, isParked, takesTasks: await batches.join(batch.batchId) });
  }
  const [due] = await batches.unannounced({ sessionId });
  put("unannounced", due && "some");
  for (const [batch, name] of Object.entries(due?.names ?? {})) put(`unannounced ${batch}`, name);
}
