// The commit point (I2), and the end of what it decided.
import { sourcesOf, TASK_MACHINE, TaskStatus } from "../../../../domain/status.ts";
import { STATUS_OF_OUTCOME } from "../../../../domain/task.ts";
import type { Decided, Decision, TaskTable } from "../../port/tasks.ts";
import type { Ledger, TaskRef } from "../ledger.ts";
import type { Store } from "../store.ts";
import { toRecordText } from "../task-rows.ts";

const { PROCESSED } = TaskStatus;

const FIND = `SELECT n, task_id, session_id, batch_id, status, attempt, decided_by, record
  FROM tasks WHERE task_id = ?`;

const DECIDE = `UPDATE tasks SET status = ${PROCESSED}, processed_at = ?, ends_in = ?,
  decided_by = ?, record = ? WHERE n = ?`;

// An outcome ends where its machine allows: `ends_in` is one of PROCESSED's arrows.
const FINISH = `UPDATE tasks SET status = ends_in, ended_at = ?1, holder = NULL
  WHERE task_id = ?2 AND status = ${PROCESSED} AND ends_in IN (${TASK_MACHINE[PROCESSED]})
  RETURNING task_id, session_id, batch_id, status`;

interface Found extends TaskRef {
  readonly n: number;
  readonly status: TaskStatus;
  readonly attempt: number;
  /** The attempt that decided; null when it was decided from outside, or not yet. */
  readonly decided_by: number | null;
  readonly record: string | null;
}

const DECIDABLE = new Set(sourcesOf(TASK_MACHINE, PROCESSED));

function mayDecide(found: Found, { attempt, from }: Decision): boolean {
  if (attempt !== undefined && attempt !== found.attempt) return false;
  return from.includes(found.status) && DECIDABLE.has(found.status);
}

/** Did the same attempt decide the same before? Then this is its repetition. */
const isRepeated = (found: Found, { attempt }: Decision, record: string): boolean =>
  attempt !== undefined &&
  attempt === found.attempt &&
  attempt === found.decided_by &&
  record === found.record;

export const taskCommit = (store: Store): Pick<TaskTable, "decide" | "finish"> => {
  const decideOne = (decision: Decision, at: number, ledger: Ledger): Decided => {
    const { taskId } = decision;
    const found = store.sql(FIND).get(taskId) as Found | undefined;
    if (!found) return { taskId, ok: false, status: undefined, attempt: 0 };
    const record = toRecordText(decision.record);
    if (!mayDecide(found, decision)) {
      const ok = isRepeated(found, decision, record);
      return { taskId, ok, status: found.status, attempt: found.attempt };
    }
    const endsIn = STATUS_OF_OUTCOME[decision.record.outcome];
    const { attempt = null, processedAt = at } = decision;
    store.sql(DECIDE).run(processedAt, endsIn, attempt, record, found.n);
    ledger.moved(found, found.status, PROCESSED);
    return { taskId, ok: true, status: PROCESSED, attempt: found.attempt };
  };

  return {
    async decide(decisions, at) {
      if (decisions.length === 0) return [];
      return store.write((ledger) => decisions.map((decision) => decideOne(decision, at, ledger)));
    },

    async finish(taskIds, at) {
      if (taskIds.length === 0) return;
      await store.write((ledger) => {
        const finish = store.sql(FINISH);
        for (const taskId of taskIds) {
          const row = finish.get(at, taskId) as (TaskRef & { status: TaskStatus }) | undefined;
          if (!row) continue;
          ledger.moved(row, PROCESSED, row.status);
          ledger.progressed();
        }
      });
    },
  };
};
