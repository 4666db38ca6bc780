// Tasks come to be in two steps, so that a submission that dies half-way leaves nothing visible.
import { sourcesOf, TASK_MACHINE, TaskStatus } from "../../../../domain/status.ts";
import type { TaskTable } from "../../../ports/table/tasks.ts";
import type { Store } from "../store.ts";
import {
  type OptionsText,
  TASK_COLUMNS,
  type TaskRow,
  toDefinitionText,
  toTask,
} from "../task-rows.ts";
import { findTask, moveTasks } from "./found.ts";

const INSERT = `INSERT INTO tasks
  (task_id, session_id, batch_id, status, since, partition_id, stage, priority, created_at,
    options, definition)
  VALUES (?, ?, ?, ${TaskStatus.CREATING}, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

const ACCEPTABLE = new Set<TaskStatus>(sourcesOf(TASK_MACHINE, TaskStatus.PENDING));
const ACCEPT = `UPDATE tasks SET status = ${TaskStatus.PENDING}, since = ? WHERE n = ?`;
const DISCARD = "DELETE FROM tasks WHERE n = ?";

const STAGED = `SELECT ${TASK_COLUMNS} FROM tasks WHERE stage = ? AND task_id > ? ORDER BY task_id LIMIT ?`;

const ORPHANS = `SELECT ${TASK_COLUMNS} FROM tasks WHERE status = ${TaskStatus.CREATING} AND since <= ?
  ORDER BY since, n LIMIT ?`;

type Creation = Pick<TaskTable, "create" | "accept" | "discard" | "staged" | "orphans">;

export const taskCreation = (store: Store, options: OptionsText): Creation => {
  const toTasks = (rows: unknown[]) => (rows as TaskRow[]).map((row) => toTask(row, options));
  return {
    async create(tasks, stage) {
      if (tasks.length === 0) return;
      await store.write((ledger) => {
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
            task.options.priority,
            task.createdAt,
            options.of(task.options),
            toDefinitionText(task),
          );
          const ref = { task_id: taskId, session_id: sessionId, batch_id: batchId };
          if (changes === 1) ledger.moved(ref, undefined, TaskStatus.CREATING);
        }
      });
    },

    async accept(taskIds) {
      if (taskIds.length === 0) return;
      await store.write((ledger) => {
        const now = store.now();
        moveTasks(store, ledger, taskIds, {
          from: ACCEPTABLE,
          to: TaskStatus.PENDING,
          change: ({ n }) => void store.sql(ACCEPT).run(now, n),
        });
      });
    },

    async discard(taskIds) {
      if (taskIds.length === 0) return;
      await store.write((ledger) => {
        for (const taskId of taskIds) {
          const task = findTask(store, taskId);
          if (task?.status !== TaskStatus.CREATING) continue;
          store.sql(DISCARD).run(task.n);
          ledger.moved(task, TaskStatus.CREATING, undefined);
        }
      });
    },

    staged: (stage, { after, limit }) =>
      store.read(() => toTasks(store.tuples(STAGED).all(stage, after ?? "", limit))),

    orphans: ({ olderThanMs, limit }) =>
      store.read(() => toTasks(store.tuples(ORPHANS).all(store.now() - olderThanMs, limit))),
  };
};
