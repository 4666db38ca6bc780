import type { TaskStatus } from "../../../../domain/status.ts";
import type { AttemptKey, Decided } from "../../port/tasks.ts";
import type { Store } from "../store.ts";

const STATUS = "SELECT status, attempt FROM tasks WHERE task_id = ?";

/** Changes each attempt and answers, for those that were refused, what stands in the way. */
export const changeAttempts = <Key extends AttemptKey>(
  store: Store,
  attempts: readonly Key[],
  to: TaskStatus,
  change: (attempt: Key) => boolean,
): Decided[] =>
  attempts.map((key) => {
    const { taskId, attempt } = key;
    if (change(key)) return { taskId, ok: true, status: to, attempt };
    const now = store.sql(STATUS).get(taskId) as
      | { status: TaskStatus; attempt: number }
      | undefined;
    return { taskId, ok: false, status: now?.status, attempt: now?.attempt ?? 0 };
  });
