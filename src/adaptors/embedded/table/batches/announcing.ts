// What the sessions' workflows have been told of, and what not yet.
import type { SessionId } from "../../../../domain/ids.ts";
import { TaskStatus } from "../../../../domain/status.ts";
import type { BatchTable, Unannounced } from "../../../ports/table/batches.ts";
import type { Store } from "../store.ts";

const DUE = `SELECT session_id FROM batch_marks INDEXED BY batch_marks_unannounced
  WHERE last > announced`;
const MARK = "SELECT announced FROM batch_marks WHERE session_id = ? AND last > announced";
const LAST_STORED = `SELECT max(batch) AS batch FROM batches
  WHERE session_id = ? AND batch > ? AND stored_at <= ?`;
const NAMES = `SELECT batch, name FROM batches
  WHERE session_id = ? AND batch > ? AND batch <= ? AND name IS NOT NULL
  ORDER BY batch LIMIT ?`;
const TASKS = `SELECT coalesce(sum(count), 0) AS tasks FROM task_counts
  WHERE session_id = ? AND status <> ${TaskStatus.RETRIED}`;
const ANNOUNCED = `UPDATE batch_marks SET announced = max(announced, min(last, ?))
  WHERE session_id = ?`;
const ANNOUNCE_AGAIN = "UPDATE batch_marks SET announced = 0 WHERE session_id = ?";

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
    const mark = store.sql(MARK).get(sessionId) as { announced: number } | undefined;
    if (!mark) return undefined;
    const { announced } = mark;
    const last = store.sql(LAST_STORED).get(sessionId, announced, latest);
    const upTo = last?.["batch"] as number | null;
    if (upTo === null) return undefined;
    const named = store.sql(NAMES).all(sessionId, announced, upTo, NAMES_LIMIT);
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
        store.sql(ANNOUNCED).run(upTo, sessionId);
      });
    },

    async announceAgain(sessionId) {
      await store.write((ledger) => {
        store.sql(ANNOUNCE_AGAIN).run(sessionId);
        ledger.progressed();
      });
    },
  };
};
