/**
 * Ends tasks before their time.
 *
 *   CA1. A cancellation is decided at once, on the task's own document; whoever runs it cannot
 *       commit any more, and has been told when `cancelTasks` resolves (Y1–Y3).
 *   CA2. Results are aborted at once: a client that waits for one is told, whatever the task does.
 *   CA3. The session's status is written before its tasks are read, and a submitter reads the
 *       status after accepting: between the two no task is left behind. For a submitter that died
 *       before it could, whoever finds what it left ends it: see `endLate`.
 */
import type { AgentId, SessionId, TaskId } from "../domain/ids.ts";
import { SessionStatus, sourcesOf, TASK_MACHINE, TaskStatus } from "../domain/status.ts";
import type { Task } from "../domain/task.ts";
import { awaitChecks } from "./await-checks.ts";
import { type Decided, isDecided, rollForward } from "./roll-forward.ts";
import type { Stores } from "./stores.ts";

const CANCELLABLE = sourcesOf(TASK_MACHINE, TaskStatus.PROCESSED);
const NOT_STARTED = CANCELLABLE.filter((status) => status !== TaskStatus.PROCESSING);
const SLICE = 1_000;

/**
 * Cancels those of the tasks that are not decided yet; unknown and final ones are left. When it
 * resolves, no worker call of a cancelled task begins any more, and running ones are cancelled.
 */
export async function cancelTasks(
  stores: Stores,
  taskIds: readonly TaskId[],
  reason: string,
): Promise<void> {
  await decideCancelled(stores, taskIds, reason, CANCELLABLE);
  // Those that another call has cancelled, too: its agents may not know yet.
  const tasks = (await stores.tables.tasks.get(taskIds)).filter(isCancelled);
  const owners = tasks.flatMap(({ ownerAgentId }) => ownerAgentId || []);
  const decided = tasks.filter(({ status }) => status === TaskStatus.PROCESSED);
  await Promise.all([rollForward(stores, decided), awaitChecks(stores, owners)]);
}

const isCancelled = (task: Task): task is Decided => task.commit?.outcome === "cancelled";

/** Cancels tasks of sessions that have ended, unless they have begun: their agents know. */
export async function cancelUnstarted(
  stores: Stores,
  taskIds: readonly TaskId[],
  reason: string,
): Promise<void> {
  const ids = await decideCancelled(stores, taskIds, reason, NOT_STARTED);
  await rollForward(stores, (await stores.tables.tasks.get(ids)).filter(isDecided));
}

/** Answers those that it has cancelled. */
async function decideCancelled(
  { tables, now }: Stores,
  taskIds: readonly TaskId[],
  reason: string,
  from: readonly TaskStatus[],
): Promise<TaskId[]> {
  const record = { outcome: "cancelled", error: reason } as const;
  const outcomes = await tables.tasks.decide(
    taskIds.map((taskId) => ({ taskId, from, record })),
    now(),
  );
  return outcomes.filter(({ ok }) => ok).map(({ taskId }) => taskId);
}

/**
 * Cancels all tasks of a session whose status says already that it has ended. Without `running`,
 * what has begun goes on, also if its start is not stored yet: its agent is asked first (Y2).
 *
 * @param onProgress called after each slice, so that a supervisor can heartbeat.
 */
export async function cancelSessionTasks(
  stores: Stores,
  sessionId: SessionId,
  options: { reason: string; running: boolean; onProgress?: () => void },
): Promise<void> {
  const { tables, now } = stores;
  const from = options.running ? CANCELLABLE : NOT_STARTED;
  // PROCESSED too: a predecessor of ours may have died between deciding and carrying out.
  const statuses = [...from, TaskStatus.PROCESSED];
  for (;;) {
    const tasks = await tables.tasks.inSession(sessionId, statuses, SLICE);
    if (tasks.length === 0) break;
    await rollForward(stores, tasks.filter(isDecided));
    if (!options.running) await awaitChecks(stores, holdersOf(tasks));
    options.onProgress?.();
    const open = tasks.filter((task) => !isDecided(task)).map(({ taskId }) => taskId);
    const ids = await decideCancelled(stores, open, options.reason, from);
    await rollForward(stores, (await tables.tasks.get(ids)).filter(isDecided));
    options.onProgress?.();
  }
  if (!options.running) return;
  while ((await tables.results.abortUnowned(sessionId, SLICE, now())).length > 0) {
    options.onProgress?.();
  }
}

/** Whose tasks have not begun, or their starts are not stored. */
const holdersOf = (tasks: readonly Task[]): AgentId[] =>
  tasks.flatMap(({ status, ownerAgentId }) =>
    status === TaskStatus.DISPATCHED && ownerAgentId !== "" ? [ownerAgentId] : [],
  );

/**
 * Ends what came into those of the sessions that have ended: tasks accepted, or results freed,
 * when nobody looked after the session any more. Nothing happens to the others.
 */
export async function endLate(stores: Stores, sessionIds: readonly SessionId[]): Promise<void> {
  const reason = "The session has ended";
  for (const [sessionId, status] of await stores.tables.sessions.statuses(sessionIds)) {
    const running = status === SessionStatus.CANCELLED;
    if (running || status === SessionStatus.CLOSED)
      await cancelSessionTasks(stores, sessionId, { reason, running });
  }
}
