import { TaskStatus } from "../domain/status.ts";
import type { Task } from "../domain/task.ts";
import { dispatch } from "./dispatch.ts";
import type { Stores } from "./stores.ts";

/**
 * Pauses attempts that have not begun, for the agent that holds them, since their session is
 * paused. Those whose session was resumed meanwhile are dispatched again (DI1). Repeatable.
 */
export async function pauseAttempts(
  stores: Pick<Stores, "tables" | "queue" | "now">,
  attempts: readonly Task[],
): Promise<void> {
  const answers = await stores.tables.tasks.pauseAttempts(attempts);
  const paused = attempts.filter(({ attempt }, i) => {
    const { status, attempt: now } = answers[i] ?? {};
    return status === TaskStatus.PAUSED && now === attempt;
  });
  for (const [sessionId, tasks] of Map.groupBy(paused, (task) => task.sessionId)) {
    const ids = tasks.map(({ taskId }) => taskId);
    await dispatch(stores, sessionId, ids);
  }
}
