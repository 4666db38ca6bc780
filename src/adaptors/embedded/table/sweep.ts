// Removes what nobody needs any more, a little at a time: nobody waits long for the lock.
import { setImmediate } from "node:timers/promises";
import type { Store } from "./store.ts";

const OLDEST_CHANGES = "SELECT seq, written_at FROM changes ORDER BY seq LIMIT ?";
const DROP_CHANGES = "DELETE FROM changes WHERE seq <= ?";

const EDGES = `SELECT result_id, task_id FROM edges WHERE (result_id, task_id) > (?, ?)
  ORDER BY result_id, task_id LIMIT ?`;
const ENDED_AT = "SELECT ended_at FROM tasks WHERE task_id = ?";
const DROP_EDGE = "DELETE FROM edges WHERE result_id = ? AND task_id = ?";

const CHANGES_SLICE = 200;
const EDGES_SLICE = 1_000;
/** The rest of the edges is left for the next calls, which go on where this one stopped. */
const EDGE_SLICES = 20;

interface Edge {
  readonly result_id: string;
  readonly task_id: string;
}

async function sweepChanges(store: Store, before: number): Promise<void> {
  for (;;) {
    const oldest = await store.read(
      () =>
        store.sql(OLDEST_CHANGES).all(CHANGES_SLICE) as unknown as {
          seq: number;
          written_at: number;
        }[],
    );
    // Only from the front: a gap in the numbers must mean that all before it is gone.
    const young = oldest.findIndex((row) => row.written_at >= before);
    const upTo = (young === -1 ? oldest.at(-1) : oldest[young - 1])?.seq;
    if (upTo !== undefined) await store.write(() => void store.sql(DROP_CHANGES).run(upTo));
    if (young !== -1 || oldest.length < CHANGES_SLICE) return;
    await setImmediate();
  }
}

/** Nobody asks for the edges of a task that ended long ago, or that was discarded. */
function isOver(store: Store, { task_id }: Edge, before: number): boolean {
  const task = store.sql(ENDED_AT).get(task_id) as { ended_at: number | null } | undefined;
  return !task || (task.ended_at !== null && task.ended_at < before);
}

/** Answers where it stopped; undefined when it came to the end. */
async function sweepEdges(store: Store, start: Edge, before: number): Promise<Edge | undefined> {
  let after: Edge | undefined = start;
  for (let i = 0; i < EDGE_SLICES && after; i++) {
    const from: Edge = after;
    const edges = await store.read(
      () => store.sql(EDGES).all(from.result_id, from.task_id, EDGES_SLICE) as unknown as Edge[],
    );
    const ended = edges.filter((edge) => isOver(store, edge, before));
    if (ended.length > 0) {
      await store.write(() => {
        for (const edge of ended) store.sql(DROP_EDGE).run(edge.result_id, edge.task_id);
      });
    }
    after = edges.length === EDGES_SLICE ? edges.at(-1) : undefined;
    await setImmediate();
  }
  return after;
}

export const createSweep = (store: Store): ((before: number) => Promise<void>) => {
  const beginning: Edge = { result_id: "", task_id: "" };
  let stoppedAt = beginning;
  return async (before) => {
    await sweepChanges(store, before);
    stoppedAt = (await sweepEdges(store, stoppedAt, before)) ?? beginning;
  };
};
