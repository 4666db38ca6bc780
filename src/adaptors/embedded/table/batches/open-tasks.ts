// What decides about a batch: asked of its tasks, by their index (SC1).
import { TaskStatus } from "../../../../domain/status.ts";

const OPEN = `SELECT 1 FROM tasks INDEXED BY tasks_batch
  WHERE batch_id = batches.batch_id AND ended_at IS NULL`;

/** Has the batch a task that is not final, CREATING ones included? */
export const IS_OPEN = `EXISTS (${OPEN})`;
/** Are all its open tasks PENDING? */
export const WAITS = `NOT EXISTS (${OPEN} AND status <> ${TaskStatus.PENDING})`;
