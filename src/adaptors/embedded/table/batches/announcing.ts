// What the sessions' workflows have been told of, and what not yet: a mark on each batch.
import type { SessionId } from "../../../../domain/ids.ts";
import { TaskStatus } from "../../../../domain/status.ts";
import type { BatchTable, Unannounced } from "../../../ports/table/batches.ts";
import type { Store } from "../store.ts";

const DUE = `SELECT DISTINCT session_id FROM batches INDEXED BY batches_unannounced
  WHERE announced = 0`;
const LAST_STORED = `SELECT max(batch) AS batch FROM batches INDEXED BY batches_unannounced
  WHERE session_id = ? AND announced = 0 AND stored_at <= ?`;
const NAMES = `SELECT batch, name FROM batches INDEXED BY batches_unannounced
  WHERE session_id = ? AND announced = 0 AND batch <= ? AND name IS NOT NULL
  ORDER BY batch LIMIT ?`;
const TASKS = `SELECT coalesce(sum(count), 0) AS tasks FROM task_counts
  WHERE session_id = ? AND status <> ${TaskStatus.RETRIED}`;
const ANNOUNCED = `UPDATE batches INDEXED BY batches_unannounced SET announced = 1
  WHERE session_id = ? AND announced = 0 AND batch <= ?`;
const LAST = "SELECT max(batch) AS batch FROM batches WHERE session_id = ?";
const ANNOUNCE_AGAIN = `UPDATE batches SET announced = 0
  WHERE session_id = ? AND announced = 1 AND batch BETWEEN ? AND ?`;

/** More names would not fit into the workflow's state; people read the first ones. */
const NAMES_LIMIT = 64;

type Announcing = Pick<BatchTable, "unannounced" | "announced" | "announceAgain" | "taskCount">;

export const batchAnnouncing = (store: Store): Announcing => {
  const dueSessions = (): SessionId[] =>
    store
      .sql(DUE)
      .all()
      .map((row) => row["session_id"] as SessionId);

  const tasksOf = (sessionId: SessionId): number =>
    (store.sql(TASKS).get(sessionId) as { tasks: number }).tasks;

  const unannounced = (sessionId: SessionId, latest: number): Unannounced | undefined => {
    const upTo = store.sql(LAST_STORED).get(sessionId, latest)?.["batch"] as number | null;
    if (upTo === null) return undefined;
    const named = store.sql(NAMES).all(sessionId, upTo, NAMES_LIMIT);
    const names = Object.fromEntries(named.map(({ batch, name }) => [batch, name]));
    return { sessionId, upTo, tasks: tasksOf(sessionId), names };
  };

  return {
    unannounced: ({ sessionId, olderThanMs }) =>
      store.read(() => {
        const due = sessionId === undefined ? dueSessions() : [sessionId];
        const latest =
          olderThanMs === undefined ? Number.MAX_SAFE_INTEGER : store.now() - olderThanMs;
        return due.flatMap((id) => unannounced(id, latest) ?? []);
      }),

    taskCount: (sessionId) => store.read(() => tasksOf(sessionId)),

    async announced(sessionId, upTo) {
      await store.write(() => {
        store.sql(ANNOUNCED).run(sessionId, upTo);
      });
    },

    async announceAgain(sessionId) {
      await store.write((ledger) => {
        const last = store.sql(LAST).get(sessionId)?.["batch"] as number | null;
        if (last === null) return;
        store.sql(ANNOUNCE_AGAIN).run(sessionId, last, last);
        store.sql(ANNOUNCE_AGAIN).run(sessionId, 1, last);
        ledger.progressed();
      });
    },
  };
};
