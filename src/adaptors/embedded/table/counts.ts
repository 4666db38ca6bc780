// Sets the shown counts of a session to what its tasks are. Here they cannot go wrong by a crash
// (EL1), so this is for a file that somebody changed by other means.
//
//   RC1. A closed batch keeps its final tasks: it is counted before, in slices. What may change is
//        counted in one transaction, so that no change falls between.
import type { BatchId, SessionId } from "../../../domain/ids.ts";
import { TaskStatus } from "../../../domain/status.ts";
import type { ShownCounts } from "../../ports/table/counts.ts";
import { PROGRESS_OF, type Progress } from "./ledger.ts";
import type { Store } from "./store.ts";
import { readEach } from "./turns.ts";

const BATCHES = `SELECT t.batch_id, coalesce(b.closed, 0) FROM task_batches t
  LEFT JOIN batches b ON b.batch_id = t.batch_id WHERE t.session_id = ?`;
const COUNT = `SELECT status, partition_id, count(*) FROM tasks INDEXED BY tasks_batch
  WHERE batch_id = ? AND session_id = ? AND attempt >= 0
  GROUP BY status, partition_id`;
const IS_OPEN = `SELECT 1 FROM tasks INDEXED BY tasks_batch
  WHERE batch_id = ? AND ended_at IS NULL LIMIT 1`;
const DROP_COUNTS = "DELETE FROM task_counts WHERE session_id = ?";
const DROP_PROGRESS = "DELETE FROM progress WHERE session_id = ?";
const ADD_COUNT = `INSERT INTO task_counts (session_id, status, partition_id, count)
  VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count`;
const SET_PROGRESS = `INSERT INTO progress (session_id, batch_id, open, pending, completed, failed)
  VALUES (?, ?, ?, ?, ?, ?)`;

type BatchTuple = readonly [batchId: BatchId, closed: 0 | 1];
type Counts = readonly (readonly [status: TaskStatus, partition: string, count: number])[];

export const shownCounts = (store: Store): ShownCounts => {
  const batchesOf = (sessionId: SessionId): BatchTuple[] =>
    store.tuples(BATCHES).all(sessionId) as unknown as BatchTuple[];

  const countIn = (batchId: BatchId, sessionId: SessionId): Counts =>
    store.tuples(COUNT).all(batchId, sessionId) as unknown as Counts;

  /** Even into a closed batch tasks are stored, until their creator has asked and discards them. */
  const mayChange = (batchId: BatchId, counts: Counts | undefined): boolean =>
    counts?.every(([status]) => status !== TaskStatus.CREATING) !== true ||
    store.sql(IS_OPEN).get(batchId) !== undefined;

  const set = (sessionId: SessionId, counted: ReadonlyMap<BatchId, Counts>): void => {
    store.sql(DROP_COUNTS).run(sessionId);
    store.sql(DROP_PROGRESS).run(sessionId);
    for (const [batchId, counts] of counted) {
      store.sql(SET_PROGRESS).run(sessionId, batchId, ...progressOf(counts));
      for (const [status, partition, count] of counts)
        if (status !== TaskStatus.CREATING)
          store.sql(ADD_COUNT).run(sessionId, status, partition, count);
    }
  };

  return {
    exact: { byStatus: true, progress: true },

    async recount(sessionId) {
      const known = await store.read(() => batchesOf(sessionId));
      const closed = known.filter(([, isClosed]) => isClosed);
      const counted = new Map(
        await readEach(store, closed, ([id]) => [id, countIn(id, sessionId)] as const),
      );
      await store.write(() => {
        for (const [batchId] of batchesOf(sessionId))
          if (mayChange(batchId, counted.get(batchId)))
            counted.set(batchId, countIn(batchId, sessionId));
        set(sessionId, counted);
      });
    },
  };
};

function progressOf(counts: Counts): Progress {
  const sum: Progress = [0, 0, 0, 0];
  for (const [status, , count] of counts)
    for (const [i, one] of PROGRESS_OF[status].entries()) sum[i] = (sum[i] as number) + one * count;
  return sum;
}
