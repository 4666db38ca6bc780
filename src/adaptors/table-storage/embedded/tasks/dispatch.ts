// From ready to running, and back: who may hold a task, one attempt after the other.
import { sourcesOf, TASK_MACHINE, TaskStatus } from "../../../../domain/status.ts";
import type { Task } from "../../../../domain/task.ts";
import type { TaskTable } from "../../port/tasks.ts";
import type { Ledger, TaskRef } from "../ledger.ts";
import type { Store } from "../store.ts";
import { type OptionsText, type TaskRow, toTask } from "../task-rows.ts";
import { changeAttempts } from "./attempts.ts";

const T = TaskStatus;

const FIND = "SELECT n, task_id, session_id, batch_id, status FROM tasks WHERE task_id = ?";

/** A task that an agent still holds is released, not submitted. */
const HELD: readonly TaskStatus[] = [T.DISPATCHED, T.PROCESSING];
const SUBMITTABLE = new Set<TaskStatus>(
  sourcesOf(TASK_MACHINE, T.SUBMITTED).filter((s) => !HELD.includes(s)),
);
const SUBMIT = `UPDATE tasks SET status = ${T.SUBMITTED}, submitted_at = ? WHERE n = ? RETURNING *`;

const PAUSABLE = new Set(sourcesOf(TASK_MACHINE, T.PAUSED));
const PAUSE = `UPDATE tasks SET status = ${T.PAUSED}, owner = '', hostname = '', holder = NULL,
  received_at = NULL, acquired_at = NULL WHERE n = ?`;

const QUEUED_OF_SESSION = `
  SELECT t.n, t.task_id, t.session_id, t.batch_id, t.status
  FROM progress p CROSS JOIN tasks t ON t.batch_id = p.batch_id AND t.session_id = p.session_id
  WHERE p.session_id = ? AND p.open > p.pending
    AND t.status IN (${T.SUBMITTED}, ${T.DISPATCHED})`;

const ACQUIRE = `UPDATE tasks SET status = ${T.DISPATCHED}, attempt = attempt + 1,
  owner = ?1, holder = ?1, hostname = ?2, received_at = ?3, acquired_at = ?3
  WHERE task_id = ?4 AND status IN (${sourcesOf(TASK_MACHINE, T.DISPATCHED)})
  RETURNING *`;

const RELEASE = `UPDATE tasks SET status = ${T.SUBMITTED}, submitted_at = ?1,
  owner = '', hostname = '', holder = NULL, received_at = NULL, acquired_at = NULL,
  fetched_at = NULL, started_at = NULL
  WHERE task_id = ?2 AND attempt = ?3 AND status = ?4
  RETURNING task_id, session_id, batch_id`;

const START = `UPDATE tasks SET status = ${T.PROCESSING}, fetched_at = ?1, started_at = ?2
  WHERE task_id = ?3 AND attempt = ?4 AND status IN (${sourcesOf(TASK_MACHINE, T.PROCESSING)})
  RETURNING task_id, session_id, batch_id`;

interface Found extends TaskRef {
  readonly n: number;
  readonly status: TaskStatus;
}

type Dispatch = Pick<
  TaskTable,
  "submit" | "pause" | "pauseSession" | "acquire" | "release" | "start"
>;

export const taskDispatch = (store: Store, options: OptionsText): Dispatch => {
  const pauseFound = (found: readonly Found[], ledger: Ledger): void => {
    const pause = store.sql(PAUSE);
    for (const task of found) {
      pause.run(task.n);
      ledger.moved(task, task.status, T.PAUSED);
    }
  };
  const find = (taskId: string) => store.sql(FIND).get(taskId) as Found | undefined;

  return {
    async submit(taskIds, at) {
      if (taskIds.length === 0) return [];
      return store.write((ledger) => {
        const submit = store.sql(SUBMIT);
        const submitted: Task[] = [];
        for (const taskId of taskIds) {
          const found = find(taskId);
          if (!found || !SUBMITTABLE.has(found.status)) continue;
          submitted.push(toTask(submit.get(at, found.n) as unknown as TaskRow, options));
          ledger.moved(found, found.status, T.SUBMITTED);
        }
        return submitted;
      });
    },

    async pause(taskIds) {
      if (taskIds.length === 0) return;
      await store.write((ledger) => {
        for (const taskId of taskIds) {
          const found = find(taskId);
          if (found && PAUSABLE.has(found.status)) pauseFound([found], ledger);
        }
      });
    },

    pauseSession: (sessionId) =>
      store.write((ledger) => {
        const found = store.sql(QUEUED_OF_SESSION).all(sessionId) as unknown as Found[];
        pauseFound(found, ledger);
        return found.length;
      }),

    async acquire(taskIds, owner, at) {
      if (taskIds.length === 0) return [];
      return store.write((ledger) => {
        const acquire = store.sql(ACQUIRE);
        const won: Task[] = [];
        for (const taskId of taskIds) {
          const row = acquire.get(owner.agentId, owner.hostname, at, taskId);
          if (!row) continue;
          won.push(toTask(row as unknown as TaskRow, options));
          ledger.moved(row as unknown as TaskRef, T.SUBMITTED, T.DISPATCHED);
        }
        return won;
      });
    },

    async release(attempts, at) {
      if (attempts.length === 0) return [];
      return store.write((ledger) =>
        changeAttempts(store, attempts, T.SUBMITTED, ({ taskId, attempt }) =>
          HELD.some((from) => {
            const row = store.sql(RELEASE).get(at, taskId, attempt, from) as TaskRef | undefined;
            if (row) ledger.moved(row, from, T.SUBMITTED);
            return row !== undefined;
          }),
        ),
      );
    },

    async start(starts) {
      if (starts.length === 0) return [];
      return store.write((ledger) =>
        changeAttempts(store, starts, T.PROCESSING, (start) => {
          const { taskId, attempt, fetchedAt, startedAt } = start;
          const row = store.sql(START).get(fetchedAt, startedAt, taskId, attempt);
          if (row) ledger.moved(row as unknown as TaskRef, T.DISPATCHED, T.PROCESSING);
          return row !== undefined;
        }),
      );
    },
  };
};
