// From messages to attempts.
//
//   A1. When it resolves, what became of each message is stored, and the message has done its work:
//       its task is acquired, or paused or cancelled with its session, or not to be had. Then the
//       queue is a hint: supervision publishes again what the store says is ready.
//   A2. After a failed acquisition nothing is owned that is not held: what the store says we own
//       without our knowing is given back.
import type { Message } from "../../adaptors/queue.ts";
import type { SessionId, TaskId } from "../../domain/ids.ts";
import { SessionStatus, TaskStatus } from "../../domain/status.ts";
import { cancelTasks } from "../../lifecycle/cancel.ts";
import { toMessage } from "../../lifecycle/dispatch.ts";
import type { AgentContext } from "../context.ts";
import { type Attempt, createAttempt } from "../execution/attempt.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";

/** A task that was taken before its session ended starts no more; a running one is not touched. */
const NOT_STARTED = [TaskStatus.SUBMITTED, TaskStatus.DISPATCHED];

interface Sorted {
  readonly able: TaskId[];
  readonly paused: TaskId[];
  readonly ended: TaskId[];
}

export async function acquire(
  context: AgentContext,
  messages: readonly Message[],
): Promise<Attempt[]> {
  const { stores, log, ending } = context;
  const { tables } = stores;
  const retryOptions = { log, signal: ending };
  const sessionIds = [...new Set(messages.map(({ sessionId }) => sessionId))];
  const statuses = await retryUntilAvailable(retryOptions, "session statuses", () =>
    tables.sessions.statuses(sessionIds),
  );
  const { able, paused, ended } = sort(context, messages, statuses);
  if (paused.length > 0) {
    await retryUntilAvailable(retryOptions, "pause tasks", () => tables.tasks.pause(paused));
  }
  if (ended.length > 0) {
    await retryUntilAvailable(retryOptions, "cancel tasks", () =>
      cancelTasks(stores, ended, "The session has ended", NOT_STARTED),
    );
  }
  return await win(context, able);
}

/** Leaves out what is held already, and the repetitions of a message. */
function sort(
  { held }: AgentContext,
  messages: readonly Message[],
  statuses: ReadonlyMap<SessionId, SessionStatus>,
): Sorted {
  const sorted: Sorted = { able: [], paused: [], ended: [] };
  const seen = new Set([...held].map(({ task }) => task.taskId));
  for (const { taskId, sessionId } of messages) {
    const status = statuses.get(sessionId);
    if (status === SessionStatus.PAUSED) sorted.paused.push(taskId);
    else if (status !== SessionStatus.RUNNING) sorted.ended.push(taskId);
    else if (!seen.has(taskId)) sorted.able.push(taskId);
    seen.add(taskId);
  }
  return sorted;
}

/** Acquires by compare-and-set. */
async function win(context: AgentContext, able: readonly TaskId[]): Promise<Attempt[]> {
  const { stores, owner, held, log, settings, metrics, partitionId } = context;
  const at = stores.now();
  let failed = false;
  const tasks = await retryUntilAvailable(
    { log, signal: context.ending },
    "acquire tasks",
    async () => {
      // The try before may have been carried out without our knowing (A2).
      if (failed) await giveBackUnknown(context);
      failed = true;
      return await stores.tables.tasks.acquire(able, owner, at);
    },
  );
  return tasks.map((task) => {
    const attempt = createAttempt(task, settings);
    held.add(attempt);
    if (task.submittedAt !== undefined) {
      const seconds = Math.max(0, at - task.submittedAt) / 1_000;
      metrics.dispatchSeconds.observe({ partition: partitionId }, seconds);
    }
    return attempt;
  });
}

/** Gives back tasks that the store has as ours and that we know nothing of. */
async function giveBackUnknown({ stores, owner, held }: AgentContext): Promise<void> {
  const { tables, queue, now } = stores;
  const known = new Set([...held].map(({ task }) => `${task.taskId}@${task.attempt}`));
  const unknown = (await tables.tasks.ownedBy(owner.agentId)).filter(
    ({ status, taskId, attempt }) =>
      status === TaskStatus.DISPATCHED && !known.has(`${taskId}@${attempt}`),
  );
  const released = await tables.tasks.release(unknown, now());
  await queue.publish(unknown.filter((_, i) => released[i]?.ok).map(toMessage));
}
