// From ready to running, and back: who may hold a task, one attempt after the other.
import type { TaskId } from "../../../../domain/ids.ts";
import { sourcesOf, TASK_MACHINE, TaskStatus } from "../../../../domain/status.ts";
import type { Task } from "../../../../domain/task.ts";
import type { TaskTable } from "../../../ports/table/tasks.ts";
import type { Ledger } from "../ledger.ts";
import type { Store } from "../store.ts";
import { type OptionsText, refOf, TASK_COLUMNS, type TaskRow, toTask } from "../task-rows.ts";
import { moveAttempts, moveTasks } from "./found.ts";
import { waitingIn } from "./waiting.ts";

const T = TaskStatus;

/** A task that an agent still holds is released, not submitted. */
const HELD = new Set<TaskStatus>([T.DISPATCHED, T.PROCESSING]);
const SUBMITTABLE = new Set<TaskStatus>(
  sourcesOf(TASK_MACHINE, T.SUBMITTED).filter((status) => !HELD.has(status)),
);
/** Of a task that an agent holds only its holder knows whether it has begun. */
const PAUSABLE = new Set<TaskStatus>(
  sourcesOf(TASK_MACHINE, T.PAUSED).filter((status) => !HELD.has(status)),
);
const PAUSABLE_ATTEMPT = new Set<TaskStatus>([T.DISPATCHED]);
const ACQUIRABLE = new Set<TaskStatus>(sourcesOf(TASK_MACHINE, T.DISPATCHED));
const STARTABLE = new Set<TaskStatus>(sourcesOf(TASK_MACHINE, T.PROCESSING));

const FULL = `SELECT ${TASK_COLUMNS}, n FROM tasks WHERE task_id = ?`;

const SUBMIT = `UPDATE tasks SET status = ${T.SUBMITTED}, since = ?, submitted_at = ? WHERE n = ?`;
const PAUSE = `UPDATE tasks SET status = ${T.PAUSED}, since = ?, owner = '', hostname = '', holder = NULL,
  received_at = NULL, acquired_at = NULL WHERE n = ?`;
const ACQUIRE = `UPDATE tasks SET status = ${T.DISPATCHED}, attempt = ?1, owner = ?2, holder = ?2,
  hostname = ?3, received_at = ?4, acquired_at = ?4, since = ?5 WHERE n = ?6`;
const RELEASE = `UPDATE tasks SET status = ${T.SUBMITTED}, since = ?, submitted_at = ?,
  owner = '', hostname = '', holder = NULL, received_at = NULL, acquired_at = NULL,
  fetched_at = NULL, started_at = NULL, interruptions = nullif(coalesce(interruptions, 0) + ?, 0)
  WHERE n = ?`;
const START = `UPDATE tasks SET status = ${T.PROCESSING}, since = ?, fetched_at = ?, started_at = ?
  WHERE n = ?`;

type Dispatch = Pick<
  TaskTable,
  "submit" | "pause" | "pauseSession" | "pauseAttempts" | "acquire" | "release" | "start"
>;

export const taskDispatch = (store: Store, options: OptionsText): Dispatch => {
  /** Changes those of the tasks that are in one of the statuses; answers them as they are then. */
  const take = (
    taskIds: readonly TaskId[],
    from: ReadonlySet<TaskStatus>,
    ledger: Ledger,
    change: (task: Task, n: number, now: number) => Partial<Task> & { status: TaskStatus },
  ): Task[] => {
    const now = store.now();
    const full = store.tuples(FULL);
    const taken: Task[] = [];
    for (const taskId of taskIds) {
      const row = full.get(taskId) as unknown as [...TaskRow, n: number] | undefined;
      const task = row && toTask(row as unknown as TaskRow, options);
      if (!task || !from.has(task.status)) continue;
      const changed = change(task, row.at(-1) as number, now);
      ledger.moved(refOf(task), task.status, changed.status);
      taken.push(Object.assign(task, changed));
    }
    return taken;
  };

  return {
    async submit(taskIds, at) {
      if (taskIds.length === 0) return [];
      return store.write((ledger) =>
        take(taskIds, SUBMITTABLE, ledger, (_, n, now) => {
          store.sql(SUBMIT).run(now, at, n);
          return { status: T.SUBMITTED, submittedAt: at };
        }),
      );
    },

    async acquire(taskIds, { agentId, hostname }, at) {
      if (taskIds.length === 0) return [];
      return store.write((ledger) =>
        take(taskIds, ACQUIRABLE, ledger, (task, n, now) => {
          const attempt = task.attempt + 1;
          store.sql(ACQUIRE).run(attempt, agentId, hostname, at, now, n);
          const owner = { ownerAgentId: agentId, ownerHostname: hostname };
          return { status: T.DISPATCHED, attempt, ...owner, receivedAt: at, acquiredAt: at };
        }),
      );
    },

    async pause(taskIds) {
      if (taskIds.length === 0) return;
      await store.write((ledger) => {
        const now = store.now();
        const change = ({ n }: { n: number }) => void store.sql(PAUSE).run(now, n);
        moveTasks(store, ledger, taskIds, { from: PAUSABLE, to: T.PAUSED, change });
      });
    },

    pauseSession: (sessionId) =>
      store.write((ledger) => {
        const now = store.now();
        const waiting = waitingIn(store, sessionId);
        for (const [n, task_id, batch_id, partition_id] of waiting) {
          store.sql(PAUSE).run(now, n);
          const ref = { task_id, session_id: sessionId, batch_id, partition_id };
          ledger.moved(ref, T.SUBMITTED, T.PAUSED);
        }
        return waiting.length;
      }),

    async pauseAttempts(attempts) {
      if (attempts.length === 0) return [];
      return store.write((ledger) => {
        const now = store.now();
        const change = ({ n }: { n: number }) => void store.sql(PAUSE).run(now, n);
        const move = { from: PAUSABLE_ATTEMPT, to: T.PAUSED, change };
        return moveAttempts(store, ledger, attempts, move);
      });
    },

    async release(attempts, at, lost) {
      if (attempts.length === 0) return [];
      return store.write((ledger) => {
        const now = store.now();
        const change = ({ n, status }: { n: number; status: TaskStatus }) => {
          const isInterrupted = lost !== undefined || status === T.PROCESSING;
          store.sql(RELEASE).run(now, at, isInterrupted ? 1 : 0, n);
        };
        return moveAttempts(store, ledger, attempts, { from: HELD, to: T.SUBMITTED, change });
      });
    },

    async start(starts) {
      if (starts.length === 0) return [];
      return store.write((ledger) => {
        const now = store.now();
        return moveAttempts(store, ledger, starts, {
          from: STARTABLE,
          to: T.PROCESSING,
          change: ({ n }, { fetchedAt, startedAt }) =>
            void store.sql(START).run(now, fetchedAt, startedAt, n),
        });
      });
    },
  };
};
