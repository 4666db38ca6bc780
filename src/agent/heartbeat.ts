// The lease of everything the agent holds: its own heartbeat, one write a period.
//
//   B1. A heartbeat that fails is repeated at the next period. Live work is never killed for it: whether
//       an attempt still counts is decided by the store alone, at the commit point.
//   B2. What the store says is not held any more is let go: cancelled, paused, or taken over.
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentContext } from "./context.ts";
import { type Attempt, idsOf, keyOf } from "./execution/attempt.ts";
import { unlessAborted } from "./retry-until-available.ts";

/** Called with attempts that count no more. */
export type Revoke = (attempts: readonly Attempt[]) => void;

/** One heartbeat, and a look at what has been revoked. */
export async function heartbeatOnce(context: AgentContext, revoke: Revoke): Promise<void> {
  const { stores, owner, process, partitionId, held, idle, log } = context;
  const { agents, tasks } = stores.tables;
  await agents.heartbeat({ ...owner, process, partitionId, held: held.size, idleMs: idle.ms });
  const attempts = [...held].filter(({ revoked }) => !revoked);
  const keys = await tasks.revoked(owner.agentId, attempts.map(keyOf));
  if (keys.length === 0) return;
  const names = new Set(keys.map(({ taskId, attempt }) => `${taskId}@${attempt}`));
  // Still held: an attempt that was committed in between has left the set.
  const revoked = attempts.filter(
    (one) => held.has(one) && names.has(`${one.task.taskId}@${one.task.attempt}`),
  );
  for (const attempt of revoked) log.info(idsOf(attempt), "attempt revoked");
  revoke(revoked);
}

/** Beats until `signal` aborts. */
export async function heartbeat(
  context: AgentContext,
  revoke: Revoke,
  signal: AbortSignal,
): Promise<void> {
  const { settings, log } = context;
  for (let due = performance.now(); ; ) {
    due = Math.max(due + settings.heartbeatMs, performance.now());
    await sleep(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await unlessAborted(signal, () => heartbeatOnce(context, revoke)).catch((err: unknown) => {
      if (!signal.aborted) log.warn({ err }, "heartbeat failed");
    });
  }
}
