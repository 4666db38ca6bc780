// From messages to attempts.
//
//   AQ1. When it resolves, what became of each message is stored, and the message has done its work:
//       its task is acquired, or paused or cancelled with its session, or not to be had. Then the
//       queue is a hint: supervision publishes again what the store says is ready.
//   AQ2. After a failed acquisition nothing is owned that is not held: what the store says we own
//       without our knowing is given back.
//   AQ3. A session's status, and which attempts still count, are read after the tasks were acquired
//       and are held: whoever changes either meanwhile finds the tasks, and asks us (Y1).
import type { Message } from "../../adaptors/queue.ts";
import type { TaskId } from "../../domain/ids.ts";
import { SessionStatus, TaskStatus } from "../../domain/status.ts";
import { allOf } from "../../lifecycle/all-of.ts";
import { cancelUnstarted } from "../../lifecycle/cancel.ts";
import { toMessage } from "../../lifecycle/dispatch.ts";
import { pauseAttempts } from "../../lifecycle/pause-attempts.ts";
import type { AgentContext } from "../context.ts";
import { type Attempt, createAttempt, keyOf } from "../execution/attempt.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";

/** Answers what may begin. */
export async function acquire(
  context: AgentContext,
  messages: readonly Message[],
): Promise<Attempt[]> {
  const won = await win(context, wantedOf(context, messages));
  const mayBegin = won.length > 0 ? await sort(context, won) : [];
  for (const attempt of won) if (!mayBegin.includes(attempt)) context.held.delete(attempt);
  return mayBegin;
}

/**
 * Leaves out what is held already, and the repetitions of a message. What is revoked is not held any
 * more: its task may have been dispatched again before it has left the set.
 */
function wantedOf({ held }: AgentContext, messages: readonly Message[]): TaskId[] {
  const ours = new Set([...held].flatMap(({ task, revoked }) => (revoked ? [] : task.taskId)));
  const wanted = new Set(messages.map(({ taskId }) => taskId));
  return [...wanted.difference(ours)];
}

/**
 * Drops what counts no more. Reads the statuses of their sessions: of a paused one they are paused,
 * of one that has ended cancelled.
 */
async function sort(context: AgentContext, won: readonly Attempt[]): Promise<Attempt[]> {
  const { stores, owner, log, ending } = context;
  const { tasks, sessions } = stores.tables;
  const retryOptions = { log, signal: ending };
  const sessionIds = [...new Set(won.map(({ task }) => task.sessionId))];
  const [statuses, lost] = await retryUntilAvailable(retryOptions, "session statuses", () =>
    allOf([sessions.statuses(sessionIds), tasks.revoked(owner.agentId, won.map(keyOf))]),
  );
  const lostIds = new Set(lost.map(({ taskId }) => taskId));
  for (const attempt of won) attempt.revoked ||= lostIds.has(attempt.task.taskId);
  // A check may have been faster: what it has revoked is dealt with.
  const current = won.filter(({ revoked }) => !revoked);
  const by = Object.groupBy(current, ({ task }) => fateOf(statuses.get(task.sessionId)));
  const { begins = [], pauses = [], ends = [] } = by;
  for (const attempt of [...pauses, ...ends]) attempt.revoked = true;
  if (pauses.length > 0) {
    const paused = pauses.map(({ task }) => task);
    await retryUntilAvailable(retryOptions, "pause tasks", () => pauseAttempts(stores, paused));
  }
  if (ends.length > 0) {
    const taskIds = ends.map(({ task }) => task.taskId);
    await retryUntilAvailable(retryOptions, "cancel tasks", () =>
      cancelUnstarted(stores, taskIds, "The session has ended"),
    );
  }
  return begins.filter(({ revoked }) => !revoked);
}

function fateOf(status: SessionStatus | undefined): "begins" | "pauses" | "ends" {
  if (status === SessionStatus.RUNNING) return "begins";
  return status === SessionStatus.PAUSED ? "pauses" : "ends";
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
      // The try before may have been carried out without our knowing (AQ2).
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
