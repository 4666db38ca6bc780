import type { AgentId, TaskId } from "../../../../domain/ids.ts";
import { isFinal, TASK_MACHINE, TaskStatus } from "../../../../domain/status.ts";
import type { TaskTable } from "../../../ports/table/tasks.ts";
import type { Store } from "../store.ts";
import { type OptionsText, TASK_COLUMNS, type TaskRow, toTask } from "../task-rows.ts";
import { readEach, readUpTo } from "../turns.ts";

const T = TaskStatus;

const GET = `SELECT ${TASK_COLUMNS} FROM tasks WHERE task_id = ? AND status <> ${T.CREATING}`;

// PROCESSED is still held by the attempt that decided so; a decision from outside revokes it.
const HELD = `SELECT 1 FROM tasks WHERE task_id = ?1 AND holder = ?2 AND attempt = ?3
  AND (status IN (${T.DISPATCHED}, ${T.PROCESSING})
    OR (status = ${T.PROCESSED} AND decided_by = ?3))`;

const OWNED = `SELECT ${TASK_COLUMNS} FROM tasks WHERE holder = ? ORDER BY n`;
const OWNERS = "SELECT DISTINCT holder FROM tasks WHERE holder IS NOT NULL";
// Few tasks are held at a time, however many a session has.
const OWNERS_IN = `SELECT DISTINCT holder FROM tasks INDEXED BY tasks_holder
  WHERE holder IS NOT NULL AND session_id = ? AND status IN (SELECT value FROM json_each(?))`;

// A batch may have many more final tasks than others: the index leads past them.
const UNFINISHED = "AND t.ended_at IS NULL";

const inBatch = (and: string): string => `SELECT ${TASK_COLUMNS} FROM tasks t
  WHERE batch_id = ?1 ${and} AND status IN (SELECT value FROM json_each(?2))
    AND status <> ${T.CREATING}
    AND since <= ?3
  ORDER BY priority DESC, n LIMIT ?4`;
const IN_BATCH = { any: inBatch(""), unfinished: inBatch(UNFINISHED) };

const READY_IN_BATCH = `SELECT task_id FROM tasks t
  WHERE batch_id = ? ${UNFINISHED} AND status IN (${T.PENDING}, ${T.PAUSED}) AND NOT EXISTS (
    SELECT 1 FROM edges INDEXED BY edges_open WHERE task_id = t.task_id AND open = 1)
  ORDER BY priority DESC, n LIMIT ?`;

const qualified = (table: string): string =>
  TASK_COLUMNS.split(",")
    .map((column) => `${table}.${column.trim()}`)
    .join(", ");
const inSession = (and: string): string => `SELECT ${qualified("t")} FROM task_batches b
  CROSS JOIN tasks t ON t.batch_id = b.batch_id AND t.session_id = b.session_id
  WHERE b.session_id = ?1 ${and}
    AND t.status IN (SELECT value FROM json_each(?2)) AND t.status <> ${T.CREATING} LIMIT ?3`;
const IN_SESSION = { any: inSession(""), unfinished: inSession(UNFINISHED) };

const scopeOf = (statuses: readonly TaskStatus[]): "any" | "unfinished" =>
  statuses.some((status) => isFinal(TASK_MACHINE, status)) ? "any" : "unfinished";

type Reads = Pick<
  TaskTable,
  | "get"
  | "revoked"
  | "ownedBy"
  | "owners"
  | "ownersIn"
  | "inBatches"
  | "readyInBatches"
  | "inSession"
>;

export const taskReads = (store: Store, options: OptionsText): Reads => {
  const toTasks = (rows: unknown[]) => (rows as TaskRow[]).map((row) => toTask(row, options));
  const latestFor = (olderThanMs: number | undefined): number =>
    olderThanMs === undefined ? Number.MAX_SAFE_INTEGER : store.now() - olderThanMs;
  return {
    async get(taskIds) {
      if (taskIds.length === 0) return [];
      return store.read(() => {
        const get = store.tuples(GET);
        return toTasks(taskIds.map((id) => get.get(id)).filter((row) => row !== undefined));
      });
    },

    async revoked(agentId, attempts) {
      if (attempts.length === 0) return [];
      return store.read(() => {
        const held = store.tuples(HELD);
        return attempts.filter(({ taskId, attempt }) => !held.get(taskId, agentId, attempt));
      });
    },

    ownedBy: (agentId) => store.read(() => toTasks(store.tuples(OWNED).all(agentId))),

    owners: () =>
      store.read(() =>
        store
          .sql(OWNERS)
          .all()
          .map((row) => row["holder"] as AgentId),
      ),

    ownersIn: (sessionId, statuses) =>
      store.read(() =>
        store
          .sql(OWNERS_IN)
          .all(sessionId, JSON.stringify(statuses))
          .map((row) => row["holder"] as AgentId),
      ),

    async inBatches(batchIds, { statuses, olderThanMs, limit }) {
      if (statuses.length === 0) return [];
      const wanted = JSON.stringify(statuses);
      const latest = latestFor(olderThanMs);
      const text = IN_BATCH[scopeOf(statuses)];
      const found = await readEach(store, batchIds, (batchId) =>
        toTasks(store.tuples(text).all(batchId, wanted, latest, limit)),
      );
      return found.flat();
    },

    readyInBatches: (batchIds, limit) =>
      readUpTo(store, { items: batchIds, limit }, (batchId, left) => {
        const rows = store.tuples(READY_IN_BATCH).all(batchId, left) as unknown as [TaskId][];
        return rows.map(([taskId]) => taskId);
      }),

    async inSession(sessionId, statuses, limit) {
      if (statuses.length === 0) return [];
      const text = IN_SESSION[scopeOf(statuses)];
      return store.read(() =>
        toTasks(store.tuples(text).all(sessionId, JSON.stringify(statuses), limit)),
      );
    },
  };
};
