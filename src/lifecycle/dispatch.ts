/**
 * Puts ready tasks on the queue. The only place that does, so that the order of dispatch is
 * decided here.
 *
 *   I4. A task is put on the queue by whoever finds it ready, may be put there twice, and is run
 *       once per attempt. The status is written first: a crash before the message leaves a
 *       SUBMITTED task, which supervision publishes again.
 *   P1. Pause is a gate here and at acquisition, not a sweep: nothing enters the queue between.
 */
import type { Message } from "../adaptors/ports/queue.ts";
import { isOutage } from "../domain/errors.ts";
import type { SessionId, TaskId } from "../domain/ids.ts";
import { SessionStatus } from "../domain/status.ts";
import type { Task } from "../domain/task.ts";
import type { Stores } from "./stores.ts";

export const toMessage = ({ sessionId, taskId, options }: Task): Message => {
  if (options.partitionId === "") throw new Error(`task ${taskId} has no partition`);
  return { sessionId, taskId, partitionId: options.partitionId, priority: options.priority };
};

/**
 * Dispatches tasks of one session that have no open input.
 *
 * @param room how many at most; the rest stays PENDING for the batch's supervisor.
 * @returns how many were put on the queue.
 */
export async function dispatch(
  stores: Pick<Stores, "tables" | "queue" | "now">,
  sessionId: SessionId,
  ready: readonly TaskId[],
  room = ready.length,
): Promise<number> {
  const submitted = await submit(stores, sessionId, ready, room);
  await stores.queue.publish(submitted.map(toMessage));
  return submitted.length;
}

/** Writes the status; answers the tasks that are to be put on the queue. */
async function submit(
  { tables, now }: Pick<Stores, "tables" | "now">,
  sessionId: SessionId,
  ready: readonly TaskId[],
  room: number,
): Promise<readonly Task[]> {
  if (ready.length === 0) return [];
  const status = (await tables.sessions.statuses([sessionId])).get(sessionId);
  if (status === SessionStatus.PAUSED) await tables.tasks.pause(ready);
  // A session that has ended: whoever ended it decides its tasks.
  if (status !== SessionStatus.RUNNING) return [];
  return await tables.tasks.submit(ready.slice(0, room), now());
}

/**
 * Dispatches as far as the session's share of the queue allows, without a round trip through Temporal.
 * A queue that is away is no failure of whoever made the tasks ready: they are accepted, and
 * supervision publishes them once it is back.
 */
export async function dispatchDirectly(
  stores: Pick<Stores, "tables" | "queue" | "now" | "scheduling">,
  sessionId: SessionId,
  ready: readonly TaskId[],
): Promise<number> {
  if (ready.length === 0) return 0;
  const queued = await stores.tables.tasks.queuedCount(sessionId);
  const room = stores.scheduling.directDispatchLimit - queued;
  if (room <= 0) return 0;
  const submitted = await submit(stores, sessionId, ready, room);
  await stores.queue.publish(submitted.map(toMessage)).catch((error: unknown) => {
    if (!isOutage(error)) throw error;
  });
  return submitted.length;
}
