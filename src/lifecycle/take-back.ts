/**
 * Takes back a submission that was answered with an error: nothing of it is kept.
 *
 *   TB1. Its outputs are free first: what is cancelled afterwards cannot abort them, so that the
 *        same submission can be made again.
 *   TB2. Tasks that nobody has begun with vanish, the others are cancelled: a submission that is
 *        taken back late may have been dispatched.
 *   TB3. What is late itself (a claim that its caller took for failed) finds the rows of tasks that
 *        have expired, and goes with them (OR4).
 */
import type { TaskDefinition } from "../domain/task.ts";
import { cancelTasks, endLate } from "./cancel.ts";
import type { Stores } from "./stores.ts";

/** What must be known of a task to take it back. */
export type Stored = Pick<TaskDefinition, "taskId" | "sessionId" | "expectedOutputIds">;

export const claimsOf = (tasks: readonly Stored[]) =>
  tasks.flatMap(({ taskId, expectedOutputIds }) =>
    expectedOutputIds.map((resultId) => ({ resultId, from: taskId })),
  );

/** Of one session; stored or not, accepted or not. Safe to repeat. */
export async function takeBack(stores: Stores, tasks: readonly Stored[]): Promise<void> {
  const [first] = tasks;
  if (!first) return;
  const { tables } = stores;
  const taskIds = tasks.map(({ taskId }) => taskId);
  await tables.results.transfer(claimsOf(tasks).map((claim) => ({ ...claim, to: "" as const })));
  await tables.tasks.withdraw(taskIds);
  await cancelTasks(stores, taskIds, "Its submission was refused");
  // What was claimed was nobody's to abort when the session was cancelled.
  await endLate(stores, [first.sessionId]);
}
