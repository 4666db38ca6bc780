/** Does what somebody left undone who made a result final, or admitted a task, and died before the rest. */
import type { Edge, EdgesOfBatch } from "../../adaptors/table-storage.ts";
import type { SessionId, TaskId } from "../../domain/ids.ts";
import { type Edges, lookAgain } from "../../lifecycle/admit.ts";
import { dispatchDirectly } from "../../lifecycle/dispatch.ts";
import { refuse } from "../../lifecycle/roll-forward.ts";
import type { Stores } from "../../lifecycle/stores.ts";

const PAGE = 500;

export interface BatchToReconcile extends EdgesOfBatch {
  readonly sessionId: SessionId;
}

export interface Reconciled {
  /** Tasks that can go now, or never. */
  readonly found: number;
  /** Where to go on; undefined when all edges of the batch were looked at. */
  readonly after: Edge | undefined;
}

/**
 * Looks at a page of the batches' open edges: closes those to completed results and dispatches what
 * has no other, and ends the tasks whose input will never be there. Safe to repeat: an edge is
 * judged by its result, and a final status never changes (I5).
 *
 * @returns what came of each batch, in their order; the page may end before the last of them.
 */
export async function reconcileDependencies(
  stores: Stores,
  batches: readonly BatchToReconcile[],
): Promise<Reconciled[]> {
  const pages = await stores.tables.dependencies.openInBatches(batches, PAGE);
  const { ready, rejected } = await lookAgain(stores, byTask(pages.flat()));
  const found = new Set([...ready, ...rejected.map(({ taskId }) => taskId)]);
  for (const [sessionId, tasks] of bySession(batches, pages, new Set(ready)))
    await dispatchDirectly(stores, sessionId, tasks);
  await refuse(stores, rejected);
  const isFull = pages.flat().length === PAGE;
  return pages.map((page, i) => ({
    found: new Set(page.map(({ taskId }) => taskId)).intersection(found).size,
    after: isFull && i === pages.length - 1 ? page.at(-1) : undefined,
  }));
}

function bySession(
  batches: readonly BatchToReconcile[],
  pages: readonly (readonly Edge[])[],
  ready: ReadonlySet<TaskId>,
): Map<SessionId, TaskId[]> {
  const sessions = new Map<SessionId, TaskId[]>();
  for (const [i, page] of pages.entries()) {
    const sessionId = batches[i]?.sessionId as SessionId;
    const tasks = new Set(page.map(({ taskId }) => taskId)).intersection(ready);
    if (tasks.size > 0) sessions.set(sessionId, [...(sessions.get(sessionId) ?? []), ...tasks]);
  }
  return sessions;
}

function byTask(page: readonly Edge[]): Edges[] {
  const groups: Map<TaskId, Edge[]> = Map.groupBy(page, ({ taskId }) => taskId);
  return [...groups].map(([taskId, edges]) => ({
    taskId,
    resultIds: edges.map(({ resultId }) => resultId),
  }));
}
