import { Context } from "@temporalio/activity";
import type { TableStorage } from "../adaptors/table-storage.ts";
import type { SessionId } from "../domain/ids.ts";
import { FINAL_TASK_STATUSES, SessionStatus, TaskStatus } from "../domain/status.ts";
import { cancelSessionTasks } from "../lifecycle/cancel.ts";
import type { Stores } from "../lifecycle/stores.ts";

export interface Totals {
  readonly completed: number;
  readonly failed: number;
}

const POLL_MS = 1_000;
const OPEN = Object.values(TaskStatus).filter((status) => !FINAL_TASK_STATUSES.includes(status));
const FAILED: readonly TaskStatus[] = [TaskStatus.ERROR, TaskStatus.TIMEOUT, TaskStatus.CANCELLED];

/**
 * Cancels what a session that has ended must not run, and answers when its last task is final.
 *
 * Which that is, it reads off the session's row in each round: so a closed session that is
 * cancelled needs no second activity.
 */
export const createEndSession =
  (stores: Stores) =>
  async ({ sessionId }: { sessionId: SessionId }): Promise<Totals> => {
    const context = Context.current();
    const { tables } = stores;
    for (let rounds = 1; ; rounds++) {
      const heartbeat = () => context.heartbeat({ rounds });
      const session = await tables.sessions.get(sessionId);
      if (!session) return { completed: 0, failed: 0 };
      const running = session.status !== SessionStatus.CLOSED;
      const reason = `The session was ${running ? "cancelled" : "closed"}`;
      await cancelSessionTasks(stores, sessionId, { reason, running, onProgress: heartbeat });
      const open = await tables.tasks.inSession(sessionId, OPEN, 1);
      if (open.length === 0) return await totalsOf(tables, sessionId);
      heartbeat();
      await nextProgress(tables, context.cancellationSignal);
    }
  };

async function totalsOf({ tasks, counts: shown }: TableStorage, sessionId: SessionId) {
  // The last time that anybody could put them right.
  if (!shown.exact.byStatus) await shown.recount(sessionId);
  const counts = await tasks.countByStatus([
    [{ kind: "string", field: "sessionId", operator: "equal", value: sessionId }],
  ]);
  const sum = (statuses: readonly TaskStatus[]) =>
    counts
      .filter(({ status }) => statuses.includes(status))
      .reduce((total, { count }) => total + count, 0);
  return { completed: sum([TaskStatus.COMPLETED]), failed: sum(FAILED) } satisfies Totals;
}

/** Waits for news, but not for ever. @throws when the activity is cancelled. */
async function nextProgress({ feed }: TableStorage, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  const stop = feed.onProgress(resolve);
  const timer = setTimeout(resolve, POLL_MS);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    await promise;
  } finally {
    stop();
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
