import { TaskStatus } from "../../../../domain/status.ts";
import type { TaskTable } from "../../../ports/table/tasks.ts";
import { WALK_PAGE } from "../listing.ts";
import type { Store } from "../store.ts";
import { type OptionsText, TASK_COLUMNS, type TaskRow, toTask } from "../task-rows.ts";

const COLUMNS = TASK_COLUMNS.split(",").map((column) => `t.${column.trim()}`);

// Batch by batch, for which there is an index, and within a batch by rowid: no task ever moves.
const WALK = `SELECT ${COLUMNS.join(", ")}, t.n FROM task_batches b
  CROSS JOIN tasks t ON t.batch_id = b.batch_id
  WHERE b.session_id = ?1 AND b.batch_id >= ?2 AND (b.batch_id > ?2 OR t.n > ?3)
    AND t.session_id = ?1 AND t.status <> ${TaskStatus.CREATING}
  ORDER BY b.batch_id, t.n LIMIT ${WALK_PAGE}`;

export const taskWalk = (store: Store, options: OptionsText): Pick<TaskTable, "walk"> => ({
  async *walk(sessionId) {
    let position = { batchId: "", n: 0 };
    for (;;) {
      const { batchId, n } = position;
      const rows = await store.read(() => store.tuples(WALK).all(sessionId, batchId, n));
      const tasks = (rows as unknown as TaskRow[]).map((row) => toTask(row, options));
      yield tasks;
      const last = tasks.at(-1);
      if (!last || tasks.length < WALK_PAGE) return;
      position = { batchId: last.batchId, n: (rows as unknown as number[][]).at(-1)?.at(-1) ?? 0 };
    }
  },
});
