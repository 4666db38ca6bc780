/**
 * Puts ready tasks on the queue. The only place that does, so that the order of dispatch is
 * decided here.
 *
 *   I4. A task is put on the queue by whoever finds it ready, may be put there twice, and is run
 *       once per attempt. The status is written first: a crash before the message leaves a
 *       SUBMITTED task, which supervision publishes again.
 *   DI1. Pause is checked at dispatch and at acquisition; queued messages are not removed.
 *       What is paused here is written before the status is read again, and who resumes writes the
 *       status before reading what is paused: no task stays behind.
 */
import type { Message } from "../adaptors/ports/queue.ts";
import { isOutage } from "../domain/errors.ts";
import type { SessionId, TaskId } from "../domain/ids.ts";
import { SessionStatus } from "../domain/status.ts";
import type { Task } from "../domain/task.ts";
import { allOf } from "./all-of.ts";
import type { Stores } from "./stores.ts";

export const toMessage = ({ sessionId, taskId, options }: Task): Message => {
  if (options.partitionId === "") throw new Error(`task ${taskId} has no partition`);
  return { sessionId, taskId, partitionId: options.partitionId, priority: options.priority };
};

/** What of a session may enter the queue. Read just before: what changes later, acquisition sees. */
export interface Gate {
  readonly sessionId: SessionId;
  readonly status: SessionStatus | undefined;
  /** How many tasks more. */
  readonly room: number;
}

type Writable = Pick<Stores, "tables" | "now">;
type Dispatching = Writable & Pick<Stores, "queue">;
type DispatchingDirectly = Dispatching & Pick<Stores, "scheduling">;

/** The gate for direct dispatch: as far as the session's share of the queue allows. */
export async function readGate(
  { tables, scheduling }: Pick<Stores, "tables" | "scheduling">,
  sessionId: SessionId,
): Promise<Gate> {
  const [statuses, room] = await allOf([
    tables.sessions.statuses([sessionId]),
    tables.tasks.roomBelow(sessionId, scheduling.directDispatchLimit),
  ]);
  return { sessionId, status: statuses.get(sessionId), room };
}

/** Writes the status of tasks that have no open input; answers those to be put on the queue. */
export async function submitReady(
  { tables, now }: Writable,
  { sessionId, status: read, room }: Gate,
  ready: readonly TaskId[],
): Promise<readonly Task[]> {
  if (ready.length === 0 || room <= 0) return [];
  let status = read;
  if (status === SessionStatus.PAUSED) {
    await tables.tasks.pause(ready);
    status = (await tables.sessions.statuses([sessionId])).get(sessionId);
  }
  // A session that has ended: whoever ended it decides its tasks.
  if (status !== SessionStatus.RUNNING) return [];
  return await tables.tasks.submit(ready.slice(0, room), now());
}

/**
 * Puts tasks that are SUBMITTED on the queue. A queue that is away is no failure of whoever made
 * them ready: they are accepted, and supervision publishes them once it is back.
 */
export async function publishReady(
  { queue }: Pick<Stores, "queue">,
  submitted: readonly Task[],
): Promise<void> {
  await queue.publish(submitted.map(toMessage)).catch((error: unknown) => {
    if (!isOutage(error)) throw error;
  });
}

/**
 * Dispatches tasks of one session that have no open input.
 *
 * @param room how many at most; the rest stays PENDING for the batch's supervisor.
 * @returns how many were put on the queue.
 */
export async function dispatch(
  { tables, queue, now }: Dispatching,
  sessionId: SessionId,
  ready: readonly TaskId[],
  room = ready.length,
): Promise<number> {
  if (ready.length === 0) return 0;
  const status = (await tables.sessions.statuses([sessionId])).get(sessionId);
  const submitted = await submitReady({ tables, now }, { sessionId, status, room }, ready);
  await queue.publish(submitted.map(toMessage));
  return submitted.length;
}

/** Dispatches without a round trip through Temporal, as far as the session's gate allows. */
export async function dispatchDirectly(
  stores: DispatchingDirectly,
  sessionId: SessionId,
  ready: readonly TaskId[],
): Promise<number> {
  if (ready.length === 0) return 0;
  const submitted = await submitReady(stores, await readGate(stores, sessionId), ready);
  await publishReady(stores, submitted);
  return submitted.length;
}
