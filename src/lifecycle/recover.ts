/**
 * Takes over from a dead agent.
 *
 *   I2. What was decided is carried out, never run again; what was not decided is never carried
 *       out. The agent itself, if it comes back, is refused at its commit point.
 *   RE1. A task that had not started goes back without using a retry; one that was running counts
 *       as crashed. How often it went back so is counted: at SUSPECT_AFTER_INTERRUPTIONS it is
 *       suspected, and ended by who acquires it next.
 *   RE2. Its lease is ended before its tasks are touched: one that lives after all begins nothing
 *       until it has checked, after all this, what it still holds (HB2).
 */
import type { AgentId } from "../domain/ids.ts";
import { afterFailure } from "../domain/retry.ts";
import { TaskStatus } from "../domain/status.ts";
import type { Task } from "../domain/task.ts";
import { dropAttempts } from "./discard-uncommitted.ts";
import { toMessage } from "./dispatch.ts";
import { type Decided, isDecided, rollForward } from "./roll-forward.ts";
import type { Stores } from "./stores.ts";

const DIED = "The agent that ran the task went away";

/**
 * Safe to repeat and to run in several processes at once; answers how many tasks it found, or
 * undefined if the agent lives.
 *
 * @param heartbeats the agent's counter when it was found dead, 0 if it had no row: one whose counter
 *   has moved lives, and keeps what it has. Absent: nobody else acts for it.
 */
export async function recoverFrom(
  stores: Stores,
  agentId: AgentId,
  heartbeats?: number,
): Promise<number | undefined> {
  const { tables } = stores;
  const isTaken = heartbeats === undefined || (await tables.agents.takeOver(agentId, heartbeats));
  if (!isTaken) return undefined;
  const tasks = await tables.tasks.ownedBy(agentId);
  const held = Map.groupBy(tasks, ({ status }) => status);
  await giveBack(stores, held.get(TaskStatus.DISPATCHED) ?? []);
  const crashed = await decideCrashed(stores, held.get(TaskStatus.PROCESSING) ?? []);
  const decided = (held.get(TaskStatus.PROCESSED) ?? []).filter(isDecided);
  await rollForward(stores, [...decided, ...crashed]);
  await tables.agents.remove(agentId, heartbeats === undefined ? undefined : 0);
  return tasks.length;
}

/** Returns tasks that had not started to the queue. */
async function giveBack(stores: Stores, tasks: readonly Task[]): Promise<void> {
  const { tables, queue, now } = stores;
  const answers = await tables.tasks.release(tasks, now(), "lost");
  const released = tasks.filter((_, i) => answers[i]?.ok);
  await queue.publish(released.map(toMessage));
  // An agent writes starts and outputs at the same time: some may have been stored before its start.
  await dropAttempts(stores, released);
}

async function decideCrashed(stores: Stores, tasks: readonly Task[]): Promise<Decided[]> {
  const { tables, now } = stores;
  const decisions = tasks.map((task) => ({
    taskId: task.taskId,
    attempt: task.attempt,
    from: [TaskStatus.PROCESSING],
    record: afterFailure(task, { error: DIED, crashed: true }),
  }));
  const outcomes = await tables.tasks.decide(decisions, now());
  return tasks.flatMap((task, i) => {
    const commit = decisions[i]?.record;
    return outcomes[i]?.ok && commit ? [{ ...task, status: TaskStatus.PROCESSED, commit }] : [];
  });
}
