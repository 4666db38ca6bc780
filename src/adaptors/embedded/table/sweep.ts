// Removes what nobody needs any more, a little at a time: nobody waits long for the lock.
import { setImmediate } from "node:timers/promises";
import { FINAL_TASK_STATUSES } from "../../../domain/status.ts";
import type { TableStorage } from "../../ports/table-storage.ts";
import type { Store } from "./store.ts";

const DROP_LEASES = "DELETE FROM leases WHERE until <= ?";
const ANY_LEASE = "SELECT 1 FROM leases WHERE until <= ? LIMIT 1";

const ZERO_COUNTS = `SELECT session_id, status, partition_id
  FROM task_counts INDEXED BY task_counts_open
  WHERE status NOT IN (${FINAL_TASK_STATUSES}) AND count = 0 LIMIT ?`;
const DROP_COUNT = `DELETE FROM task_counts
  WHERE session_id = ? AND status = ? AND partition_id = ? AND count = 0`;

const OLDEST_CHANGES = "SELECT seq, written_at FROM changes ORDER BY seq LIMIT ?";
const DROP_CHANGES = "DELETE FROM changes WHERE seq <= ?";

const EDGES = `SELECT result_id, task_id FROM edges WHERE (result_id, task_id) > (?, ?)
  ORDER BY result_id, task_id LIMIT ?`;
const ENDED = "SELECT ended_at IS NOT NULL AND since <= ? AS ended FROM tasks WHERE task_id = ?";
const DROP_EDGE = "DELETE FROM edges WHERE result_id = ? AND task_id = ?";

const CHANGES_SLICE = 200;
const COUNTS_SLICE = 200;
const EDGES_SLICE = 1_000;
/** The rest of the edges is left for the next calls, which go on where this one stopped. */
const EDGE_SLICES = 20;

interface Edge {
  readonly result_id: string;
  readonly task_id: string;
}

async function sweepChanges(store: Store, latest: number): Promise<void> {
  for (;;) {
    const oldest = await store.read(
      () =>
        store.sql(OLDEST_CHANGES).all(CHANGES_SLICE) as unknown as {
          seq: number;
          written_at: number;
        }[],
    );
    // Only from the front: a gap in the numbers must mean that all before it is gone. And not the
    // youngest: the store's clock may not start before it.
    const others = oldest.slice(0, -1);
    const young = others.findIndex((row) => row.written_at > latest);
    const upTo = (young === -1 ? others.at(-1) : others[young - 1])?.seq;
    if (upTo !== undefined) await store.write(() => void store.sql(DROP_CHANGES).run(upTo));
    if (young !== -1 || oldest.length < CHANGES_SLICE) return;
    await setImmediate();
  }
}

/** Nobody asks for the edges of a task that ended long ago, or that was discarded. */
function isOver(store: Store, { task_id }: Edge, latest: number): boolean {
  const task = store.sql(ENDED).get(latest, task_id);
  return !task || task["ended"] === 1;
}

/** Answers where it stopped; undefined when it came to the end. */
async function sweepEdges(store: Store, start: Edge, latest: number): Promise<Edge | undefined> {
  let after: Edge | undefined = start;
  for (let i = 0; i < EDGE_SLICES && after; i++) {
    const from: Edge = after;
    const edges = await store.read(
      () => store.sql(EDGES).all(from.result_id, from.task_id, EDGES_SLICE) as unknown as Edge[],
    );
    const ended = edges.filter((edge) => isOver(store, edge, latest));
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

/** A session leaves a row for each status that its tasks had; who asks for open tasks reads them all. */
async function sweepCounts(store: Store): Promise<void> {
  for (;;) {
    const zeros = await store.read(
      () => store.tuples(ZERO_COUNTS).all(COUNTS_SLICE) as unknown as [string, number, string][],
    );
    if (zeros.length > 0)
      await store.write(() => {
        for (const key of zeros) store.sql(DROP_COUNT).run(...key);
      });
    if (zeros.length < COUNTS_SLICE) return;
    await setImmediate();
  }
}

async function sweepLeases(store: Store, latest: number): Promise<void> {
  if (!(await store.read(() => store.sql(ANY_LEASE).get(latest)))) return;
  await store.write(() => void store.sql(DROP_LEASES).run(latest));
}

export const createSweep = (store: Store): TableStorage["sweep"] => {
  const beginning: Edge = { result_id: "", task_id: "" };
  let stoppedAt = beginning;
  return async ({ olderThanMs }) => {
    const latest = store.now() - olderThanMs;
    await sweepChanges(store, latest);
    await sweepLeases(store, latest);
    await sweepCounts(store);
    stoppedAt = (await sweepEdges(store, stoppedAt, latest)) ?? beginning;
  };
};
