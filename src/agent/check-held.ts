// A check of what the agent holds: what has become of its tasks and of their sessions.
//
//   CK1. What the store says is not held any more is dropped: cancelled, or taken over.
//   CK2. Of a paused session nothing begins, of a closed one neither, of one that is cancelled or
//       gone nothing goes on. What is acquired later is looked at after its acquisition (acquire.ts).
//   CK3. What was read is acted on in one turn of the event loop, and so is a worker call begun.
import { SessionStatus } from "../domain/status.ts";
import type { AgentContext } from "./context.ts";
import { type Attempt, idsOf, keyOf } from "./execution/attempt.ts";

export interface Control {
  /** They count no more: a running call is cancelled, none begins. */
  revoke(attempts: readonly Attempt[]): void;
  /** None of them begins; resolves when the store has them paused. */
  pause(attempts: readonly Attempt[]): Promise<void>;
  /** Resolves when the starts of all calls that have begun so far are stored. */
  started(): Promise<void>;
}

export interface Checked {
  /** Resolves when the store knows what the check has led to, and all that began before. */
  readonly stored: Promise<unknown>;
}

/** Reads, and acts on it. */
export async function checkHeld(context: AgentContext, control: Control): Promise<Checked> {
  const { held, log } = context;
  const attempts = [...held].filter(({ revoked }) => !revoked);
  const judge = await readFates(context, attempts);
  // Still held: an attempt that was committed in between has left the set.
  const current = attempts.filter((one) => held.has(one) && !one.revoked);
  const { revoke = [], pause = [] } = Object.groupBy(current, judge);
  for (const attempt of revoke) log.info(idsOf(attempt), "attempt revoked");
  control.revoke(revoke);
  const paused = pause.length > 0 ? control.pause(pause) : undefined;
  return { stored: Promise.all([paused, control.started()]) };
}

type Fate = "keep" | "pause" | "revoke";

async function readFates(
  { stores, owner }: AgentContext,
  attempts: readonly Attempt[],
): Promise<(attempt: Attempt) => Fate> {
  const { tasks, sessions } = stores.tables;
  const [lost, statuses] = await Promise.all([
    tasks.revoked(owner.agentId, attempts.map(keyOf)),
    sessions.statuses([...new Set(attempts.map(({ task }) => task.sessionId))]),
  ]);
  const names = new Set(lost.map(({ taskId, attempt }) => `${taskId}@${attempt}`));
  return (one) => {
    const { taskId, attempt, sessionId } = one.task;
    return names.has(`${taskId}@${attempt}`) ? "revoke" : fateOf(one, statuses.get(sessionId));
  };
}

function fateOf({ stage }: Attempt, status: SessionStatus | undefined): Fate {
  if (stage === "ended" || status === SessionStatus.RUNNING) return "keep";
  const begins = stage === "waiting";
  if (status === SessionStatus.PAUSED) return begins ? "pause" : "keep";
  if (status === SessionStatus.CLOSED) return begins ? "revoke" : "keep";
  return "revoke";
}
