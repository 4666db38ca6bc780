// From messages to attempts.
//
//   A1. Every message taken is settled once: acquired (acked after the commit), acked, or released.
//   A2. A message whose task cannot be acquired is acked: the queue is a hint, and supervision
//       publishes again what the store says is ready.
//   A3. After a failed acquisition nothing is owned that is not held: what the store says we own
//       without our knowing is given back.
import type { Delivery } from "../../adaptors/queue.ts";
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
  readonly able: Map<TaskId, Delivery>;
  readonly paused: Delivery[];
  readonly ended: Delivery[];
  readonly repeated: Delivery[];
}

export async function acquire(
  context: AgentContext,
  deliveries: readonly Delivery[],
  ack: (deliveries: readonly Delivery[]) => void,
): Promise<Attempt[]> {
  const { stores, log, ending } = context;
  const { tables } = stores;
  const retryOptions = { log, signal: ending };
  const sessionIds = [...new Set(deliveries.map(({ message }) => message.sessionId))];
  const statuses = await retryUntilAvailable(retryOptions, "session statuses", () =>
    tables.sessions.statuses(sessionIds),
  );
  const { able, paused, ended, repeated } = sort(context, deliveries, statuses);
  if (paused.length > 0) {
    await retryUntilAvailable(retryOptions, "pause tasks", () =>
      tables.tasks.pause(taskIdsOf(paused)),
    );
  }
  if (ended.length > 0) {
    await retryUntilAvailable(retryOptions, "cancel tasks", () =>
      cancelTasks(stores, taskIdsOf(ended), "The session has ended", NOT_STARTED),
    );
  }
  const won = await win(context, able);
  ack([...paused, ...ended, ...repeated, ...able.values()]);
  return won;
}

const taskIdsOf = (deliveries: readonly Delivery[]): TaskId[] =>
  deliveries.map(({ message }) => message.taskId);

function sort(
  { held }: AgentContext,
  deliveries: readonly Delivery[],
  statuses: ReadonlyMap<SessionId, SessionStatus>,
): Sorted {
  const sorted: Sorted = { able: new Map(), paused: [], ended: [], repeated: [] };
  const ours = new Set([...held].map(({ task }) => task.taskId));
  for (const delivery of deliveries) {
    const { taskId, sessionId } = delivery.message;
    const status = statuses.get(sessionId);
    if (status === SessionStatus.PAUSED) sorted.paused.push(delivery);
    else if (status !== SessionStatus.RUNNING) sorted.ended.push(delivery);
    else if (sorted.able.has(taskId) || ours.has(taskId)) sorted.repeated.push(delivery);
    else sorted.able.set(taskId, delivery);
  }
  return sorted;
}

/** Acquires by compare-and-set; what was won leaves `able`. */
async function win(context: AgentContext, able: Map<TaskId, Delivery>): Promise<Attempt[]> {
  const { stores, owner, held, log, settings, metrics, partitionId } = context;
  const at = stores.now();
  let failed = false;
  const tasks = await retryUntilAvailable(
    { log, signal: context.ending },
    "acquire tasks",
    async () => {
      // The try before may have been continued out without our knowing (A3).
      if (failed) await giveBackUnknown(context);
      failed = true;
      return await stores.tables.tasks.acquire([...able.keys()], owner, at);
    },
  );
  return tasks.flatMap((task) => {
    const delivery = able.get(task.taskId);
    able.delete(task.taskId);
    if (!delivery) return [];
    const attempt = createAttempt(task, delivery, settings.cacheFolder);
    held.add(attempt);
    if (task.submittedAt !== undefined) {
      const seconds = Math.max(0, at - task.submittedAt) / 1_000;
      metrics.dispatchSeconds.observe({ partition: partitionId }, seconds);
    }
    return [attempt];
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
