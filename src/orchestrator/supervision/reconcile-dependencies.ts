/** Does what somebody left undone who made a result final, or admitted a task, and died before the rest. */
import type { Edge, ParkedBatch } from "../../adaptors/table-storage.ts";
import type { TaskId } from "../../domain/ids.ts";
import { type Edges, lookAgain } from "../../lifecycle/admit.ts";
import { dispatchDirectly } from "../../lifecycle/dispatch.ts";
import { refuse } from "../../lifecycle/roll-forward.ts";
import type { Stores } from "../../lifecycle/stores.ts";

const PAGE = 500;

export interface Settled {
  /** Tasks that can go now, or never. */
  readonly found: number;
  /** Where to go on; undefined when all edges of the batch were looked at. */
  readonly after: Edge | undefined;
}

/**
 * Looks at a page of the batch's open edges: closes those to completed results and dispatches what
 * has no other, and ends the tasks whose input will never be there. Safe to repeat: an edge is
 * judged by its result, and a final status never changes (I5).
 */
export async function reconcileDependencies(
  stores: Stores,
  { sessionId, batchId }: Pick<ParkedBatch, "sessionId" | "batchId">,
  after?: Edge,
): Promise<Settled> {
  const page = await stores.tables.dependencies.openInBatch(batchId, { after, limit: PAGE });
  const { ready, rejected } = await lookAgain(stores, byTask(page));
  await dispatchDirectly(stores, sessionId, ready);
  await refuse(stores, rejected);
  return {
    found: ready.length + rejected.length,
    after: page.length === PAGE ? page.at(-1) : undefined,
  };
}

function byTask(page: readonly Edge[]): Edges[] {
  const groups: Map<TaskId, Edge[]> = Map.groupBy(page, ({ taskId }) => taskId);
  return [...groups].map(([taskId, edges]) => ({
    taskId,
    resultIds: edges.map(({ resultId }) => resultId),
  }));
}
