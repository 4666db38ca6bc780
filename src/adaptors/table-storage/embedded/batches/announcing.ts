// What the sessions' workflows have been told of, and what not yet.
import type { SessionId } from "../../../../domain/ids.ts";
import type { Backlog, BatchTable, Unannounced } from "../../port/sessions.ts";
import type { Store } from "../store.ts";

const DUE = `SELECT session_id FROM batch_marks INDEXED BY batch_marks_unannounced
  WHERE last > announced`;
const MARKS = "SELECT announced, tasks FROM batch_marks WHERE session_id = ? AND last > announced";
const LAST_BEFORE = `SELECT max(batch) AS batch FROM batches
  WHERE session_id = ? AND batch > ? AND stored_at < ?`;
const SEAL = `UPDATE batches SET sealed = 1
  WHERE session_id = ? AND batch > ? AND batch <= ? AND sealed = 0`;
const NAMES = `SELECT batch, name FROM batches
  WHERE session_id = ? AND batch > ? AND batch <= ? AND task_count = 1 AND name IS NOT NULL
  ORDER BY batch LIMIT ?`;
const BACKLOGS = `SELECT m.session_id AS sessionId, m.tasks,
    sum(b.task_count) AS unannounced, min(b.stored_at) AS since
  FROM batch_marks m INDEXED BY batch_marks_unannounced
  CROSS JOIN batches b ON b.session_id = m.session_id AND b.batch > m.announced
  WHERE m.last > m.announced GROUP BY m.session_id`;
const ANNOUNCED = `UPDATE batch_marks SET announced = max(announced, min(last, ?))
  WHERE session_id = ?`;

/** More names would not fit into the workflow's state; people read the first ones. */
const NAMES_LIMIT = 64;

interface Marks {
  readonly announced: number;
  readonly tasks: number;
}

type Announcing = Pick<BatchTable, "sealUnannounced" | "backlogs" | "announced">;

export const batchAnnouncing = (store: Store): Announcing => {
  const dueSessions = (): SessionId[] =>
    store
      .sql(DUE)
      .all()
      .map((row) => row["session_id"] as SessionId);

  const seal = (sessionId: SessionId, storedBefore: number): Unannounced | undefined => {
    const marks = store.sql(MARKS).get(sessionId) as Marks | undefined;
    if (!marks) return undefined;
    const { announced, tasks } = marks;
    const last = store.sql(LAST_BEFORE).get(sessionId, announced, storedBefore);
    const upTo = last?.["batch"] as number | null;
    if (upTo === null) return undefined;
    store.sql(SEAL).run(sessionId, announced, upTo);
    const named = store.sql(NAMES).all(sessionId, announced, upTo, NAMES_LIMIT);
    const names = Object.fromEntries(named.map(({ batch, name }) => [batch, name]));
    return { sessionId, upTo, tasks, names };
  };

  return {
    async sealUnannounced({ sessionId, createdBefore = Number.MAX_SAFE_INTEGER }) {
      // Most calls find nothing: they should not wait for the write lock.
      const due = await store.read(() => (sessionId === undefined ? dueSessions() : [sessionId]));
      if (due.length === 0) return [];
      return store.write(() => due.flatMap((id) => seal(id, createdBefore) ?? []));
    },

    backlogs: () =>
      store.read(() =>
        (store.sql(BACKLOGS).all() as unknown as Backlog[]).map((backlog) => ({ ...backlog })),
      ),

    async announced(sessionId, upTo) {
      await store.write(() => {
        store.sql(ANNOUNCED).run(upTo, sessionId);
      });
    },
  };
};
