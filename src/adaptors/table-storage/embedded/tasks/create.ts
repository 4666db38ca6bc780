// Tasks come to be in two steps, so that a submission that dies half-way leaves nothing visible.
import { sourcesOf, TASK_MACHINE, TaskStatus } from "../../../../domain/status.ts";
import type { TaskTable } from "../../port/tasks.ts";
import type { TaskRef } from "../ledger.ts";
import type { Store } from "../store.ts";
import { type OptionsText, type TaskRow, toDefinitionText, toTask } from "../task-rows.ts";

const INSERT = `INSERT INTO tasks
  (task_id, session_id, batch_id, status, stage, priority, created_at, options, definition)
  VALUES (?, ?, ?, ${TaskStatus.CREATING}, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

const ACCEPT = `UPDATE tasks SET status = ${TaskStatus.PENDING}
  WHERE task_id = ? AND status IN (${sourcesOf(TASK_MACHINE, TaskStatus.PENDING)})
  RETURNING task_id, session_id, batch_id`;

const DISCARD = `DELETE FROM tasks WHERE task_id = ? AND status = ${TaskStatus.CREATING}
  RETURNING task_id, session_id, batch_id`;

const STAGED = `SELECT * FROM tasks WHERE stage = ? AND task_id > ? ORDER BY task_id LIMIT ?`;

const ORPHANS = `SELECT * FROM tasks WHERE status = ${TaskStatus.CREATING} AND created_at < ?
  ORDER BY created_at LIMIT ?`;

type Creation = Pick<TaskTable, "create" | "accept" | "discard" | "staged" | "orphans">;

export const taskCreation = (store: Store, options: OptionsText): Creation => {
  const toTasks = (rows: unknown[]) => (rows as TaskRow[]).map((row) => toTask(row, options));
  return {
    async create(tasks, stage) {
      if (tasks.length === 0) return;
      await store.write((ledger) => {
        const insert = store.sql(INSERT);
        for (const task of tasks) {
          const { taskId, sessionId, batchId } = task;
          const { changes } = insert.run(
            taskId,
            sessionId,
            batchId,
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
        const accept = store.sql(ACCEPT);
        for (const taskId of taskIds) {
          const row = accept.get(taskId) as TaskRef | undefined;
          if (row) ledger.moved(row, TaskStatus.CREATING, TaskStatus.PENDING);
        }
      });
    },

    async discard(taskIds) {
      if (taskIds.length === 0) return;
      await store.write((ledger) => {
        const discard = store.sql(DISCARD);
        for (const taskId of taskIds) {
          const row = discard.get(taskId) as TaskRef | undefined;
          if (row) ledger.moved(row, TaskStatus.CREATING, undefined);
        }
      });
    },

    staged: (stage, { after, limit }) =>
      store.read(() => toTasks(store.sql(STAGED).all(stage, after ?? "", limit))),

    orphans: (createdBefore, limit) =>
      store.read(() => toTasks(store.sql(ORPHANS).all(createdBefore, limit))),
  };
};
