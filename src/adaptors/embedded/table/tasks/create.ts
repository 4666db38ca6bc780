// Tasks come to be in two steps, so that a submission that dies half-way leaves nothing visible.
import type { TaskId } from "../../../../domain/ids.ts";
import { sourcesOf, TASK_MACHINE, TaskStatus } from "../../../../domain/status.ts";
import type { TaskDefinition } from "../../../../domain/task.ts";
import type { TaskTable } from "../../../ports/table/tasks.ts";
import type { Store } from "../store.ts";
import {
  type OptionsText,
  refOf,
  TASK_COLUMNS,
  type TaskRow,
  toDefinitionText,
  toTask,
} from "../task-rows.ts";
import { createApplicationNotes } from "./applications.ts";
import { findTask } from "./found.ts";

const IN_SESSION = `INSERT INTO task_batches (session_id, batch_id) VALUES (?, ?)
  ON CONFLICT DO NOTHING`;
const INSERT = `INSERT INTO tasks
  (task_id, session_id, batch_id, status, since, partition_id, stage, creator, priority,
    created_at, options, definition)
  VALUES (?, ?, ?, ${TaskStatus.CREATING}, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

const ACCEPTABLE = new Set<TaskStatus>(sourcesOf(TASK_MACHINE, TaskStatus.PENDING));
const ACCEPT = `UPDATE tasks SET status = ${TaskStatus.PENDING}, since = ? WHERE n = ?`;
/** Instead of the number of an attempt: the task cannot be accepted any more. */
const EXPIRED = -1;
const EXPIRE = `UPDATE tasks SET status = ${TaskStatus.CREATING}, attempt = ${EXPIRED},
  since = ?1, ended_at = ?1 WHERE n = ?2`;
const WITHDRAWABLE = ACCEPTABLE.union(new Set([TaskStatus.PENDING]));
const DISCARD = "DELETE FROM tasks WHERE n = ?";

const STAGED = `SELECT ${TASK_COLUMNS} FROM tasks
  WHERE stage = ? AND task_id > ? AND attempt <> ${EXPIRED} ORDER BY task_id LIMIT ?`;

const ORPHANS = `SELECT ${TASK_COLUMNS} FROM tasks
  WHERE status = ${TaskStatus.CREATING} AND ended_at IS NULL AND since <= ?1
    AND NOT EXISTS (SELECT 1 FROM leases WHERE holder = tasks.creator AND until > ?2)
  ORDER BY since, n LIMIT ?3`;

const EXPIRED_SINCE = `SELECT ${TASK_COLUMNS} FROM tasks
  WHERE status = ${TaskStatus.CREATING} AND ended_at IS NOT NULL AND since <= ?
  ORDER BY since, n LIMIT ?`;

type Creation = Pick<
  TaskTable,
  "create" | "accept" | "expire" | "discard" | "withdraw" | "staged" | "orphans" | "expired"
>;

export const taskCreation = (store: Store, options: OptionsText): Creation => {
  const applications = createApplicationNotes(store);
  const toTasks = (rows: unknown[]) => (rows as TaskRow[]).map((row) => toTask(row, options));

  const end = async (
    taskIds: readonly TaskId[],
    from: ReadonlySet<TaskStatus>,
  ): Promise<boolean[]> => {
    if (taskIds.length === 0) return [];
    return store.write((ledger) => {
      const now = store.now();
      return taskIds.map((taskId) => {
        const task = findTask(store, taskId);
        if (!task || !from.has(task.status)) return false;
        if (task.attempt === EXPIRED) return true;
        store.sql(EXPIRE).run(now, task.n);
        ledger.moved(task, task.status, undefined);
        ledger.progressed();
        return true;
      });
    });
  };

  /** Before the tasks: whoever finds one by its id finds it by its session. */
  const noteBatches = (tasks: readonly TaskDefinition[]): void => {
    const sessions = new Map(tasks.map(({ batchId, sessionId }) => [batchId, sessionId]));
    for (const [batchId, sessionId] of sessions) store.sql(IN_SESSION).run(sessionId, batchId);
  };

  return {
    async create(tasks, { stage, creator } = {}) {
      if (tasks.length === 0) return;
      const missing = applications.missing(tasks);
      await store.write((ledger) => {
        applications.write(missing);
        noteBatches(tasks);
        const insert = store.sql(INSERT);
        const now = store.now();
        for (const task of tasks) {
          const { taskId, sessionId, batchId } = task;
          const { changes } = insert.run(
            taskId,
            sessionId,
            batchId,
            now,
            task.options.partitionId,
            stage ?? null,
            creator ?? null,
            task.options.priority,
            task.createdAt,
            options.of(task.options),
            toDefinitionText(task),
          );
          if (changes === 1) ledger.moved(refOf(task), undefined, TaskStatus.CREATING);
        }
      });
      applications.written(missing);
    },

    async accept(taskIds) {
      if (taskIds.length === 0) return [];
      return store.write((ledger) => {
        const accept = store.sql(ACCEPT);
        const now = store.now();
        return taskIds.map((taskId) => {
          const task = findTask(store, taskId);
          if (!task) return false;
          if (!ACCEPTABLE.has(task.status)) return true;
          if (task.attempt === EXPIRED) return false;
          accept.run(now, task.n);
          ledger.moved(task, task.status, TaskStatus.PENDING);
          return true;
        });
      });
    },

    expire: (taskIds) => end(taskIds, ACCEPTABLE),
    withdraw: (taskIds) => end(taskIds, WITHDRAWABLE),

    async discard(taskIds) {
      if (taskIds.length === 0) return;
      await store.write((ledger) => {
        for (const taskId of taskIds) {
          const task = findTask(store, taskId);
          if (task?.status !== TaskStatus.CREATING) continue;
          store.sql(DISCARD).run(task.n);
          if (task.attempt === EXPIRED) continue;
          ledger.moved(task, TaskStatus.CREATING, undefined);
          ledger.progressed();
        }
      });
    },

    async staged(stages, { after, limit }) {
      if (stages.length === 0) return [];
      return store.read(() => {
        const rows: unknown[] = [];
        const first = after?.stage ?? "";
        for (const stage of stages.filter((one) => one >= first).toSorted()) {
          const from = stage === after?.stage ? after.taskId : "";
          rows.push(...store.tuples(STAGED).all(stage, from, limit - rows.length));
          if (rows.length === limit) break;
        }
        return toTasks(rows);
      });
    },

    orphans: ({ olderThanMs, limit }) =>
      store.read(() => {
        const now = store.now();
        return toTasks(store.tuples(ORPHANS).all(now - olderThanMs, now, limit));
      }),

    expired: ({ olderThanMs, limit }) =>
      store.read(() => toTasks(store.tuples(EXPIRED_SINCE).all(store.now() - olderThanMs, limit))),
  };
};
