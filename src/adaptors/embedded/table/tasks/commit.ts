// The commit point (I2), and the end of what it decided.
import { sourcesOf, TASK_MACHINE, TaskStatus } from "../../../../domain/status.ts";
import { STATUS_OF_OUTCOME } from "../../../../domain/task.ts";
import type { Decided, Decision, TaskTable } from "../../../ports/table/tasks.ts";
import type { Ledger } from "../ledger.ts";
import type { Store } from "../store.ts";
import { toRecordText } from "../task-rows.ts";
import { type Found, findTask } from "./found.ts";

const { PROCESSED } = TaskStatus;

// `decided_by` is the attempt that decided; NULL when it was decided from outside, or not yet.
const DECIDE = `UPDATE tasks SET status = ${PROCESSED}, since = ?, processed_at = ?, ends_in = ?,
  decided_by = ?, record = ? WHERE n = ?`;
const DECIDED = "SELECT 1 FROM tasks WHERE n = ? AND decided_by = ? AND record = ?";
const FINISH = "UPDATE tasks SET status = ?, since = ?, ended_at = ?, holder = NULL WHERE n = ?";

const DECIDABLE = new Set<TaskStatus>(sourcesOf(TASK_MACHINE, PROCESSED));

function mayDecide(task: Found, { attempt, from }: Decision): boolean {
  if (attempt !== undefined && attempt !== task.attempt) return false;
  return from.includes(task.status) && DECIDABLE.has(task.status);
}

export const taskCommit = (store: Store): Pick<TaskTable, "decide" | "finish"> => {
  /** Did the same attempt decide the same before? Then this is its repetition. */
  const isRepeated = (task: Found, { attempt }: Decision, record: string): boolean =>
    attempt !== undefined &&
    attempt === task.attempt &&
    store.sql(DECIDED).get(task.n, attempt, record) !== undefined;

  const decideOne = (decision: Decision, at: number, ledger: Ledger): Decided => {
    const { taskId } = decision;
    const task = findTask(store, taskId);
    if (!task) return { taskId, ok: false, status: undefined, attempt: 0 };
    const { n, status, attempt } = task;
    const record = toRecordText(decision.record);
    if (!mayDecide(task, decision))
      return { taskId, ok: isRepeated(task, decision, record), status, attempt };
    const endsIn = STATUS_OF_OUTCOME[decision.record.outcome];
    const processedAt = decision.processedAt ?? at;
    store.sql(DECIDE).run(store.now(), processedAt, endsIn, decision.attempt ?? null, record, n);
    ledger.moved(task, status, PROCESSED);
    return { taskId, ok: true, status: PROCESSED, attempt };
  };

  return {
    async decide(decisions, at) {
      if (decisions.length === 0) return [];
      return store.write((ledger) => decisions.map((decision) => decideOne(decision, at, ledger)));
    },

    async finish(taskIds, at) {
      if (taskIds.length === 0) return;
      await store.write((ledger) => {
        const now = store.now();
        for (const taskId of taskIds) {
          const task = findTask(store, taskId);
          if (task?.status !== PROCESSED || task.endsIn === null) continue;
          store.sql(FINISH).run(task.endsIn, now, at, task.n);
          ledger.moved(task, PROCESSED, task.endsIn);
          ledger.progressed();
        }
      });
    },
  };
};
