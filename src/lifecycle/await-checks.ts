/**
 * Waits until agents know what was written, so that whoever wrote it may say that it is so.
 *
 *   Y1. Write, then read, on both sides. A session's status, or a task's end, is written before the
 *       owners of tasks are read; an agent owns a task before it reads the session's status. So
 *       either the agent sees what was written, or the writer sees the agent's task.
 *   Y2. Nobody takes from a living agent what it may have begun. The agent is asked for a check:
 *       it lets go of what has not begun, and its starts are stored before it answers.
 *   Y3. An agent that does not answer keeps nobody for longer than its lease: from then on it
 *       begins nothing until it has checked again, however long it was stopped. Of one that is being
 *       taken over that is so already.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentId } from "../domain/ids.ts";
import type { Stores } from "./stores.ts";

/** Notices may be lost. */
const LOOK_MS = 20;

/** Resolves when each of the agents has checked what it holds, is gone, or has lost its lease. */
export async function awaitChecks(
  { tables, scheduling, monotonicNow }: Pick<Stores, "tables" | "scheduling" | "monotonicNow">,
  agentIds: readonly AgentId[],
): Promise<void> {
  const { agents } = tables;
  // One without a row is gone: agents keep theirs until they own nothing.
  const numbers = await agents.requestChecks([...new Set(agentIds)]);
  if (numbers.size === 0) return;
  const end = monotonicNow() + scheduling.leaseMs;
  const notices = createNotices();
  const stop = agents.onCheckDone(notices.notify);
  try {
    while (monotonicNow() < end) {
      const rows = await agents.get([...numbers.keys()]);
      // A row that knows nothing of the request is new: its agent has had to check since.
      const waiting = rows.filter(({ agentId, heartbeats, checksRequested, checksDone }) => {
        const number = numbers.get(agentId) ?? 0;
        return heartbeats > 0 && checksRequested >= number && checksDone < number;
      });
      if (waiting.length === 0) return;
      await notices.next(LOOK_MS);
    }
  } finally {
    stop();
  }
}

function createNotices() {
  let notice = Promise.withResolvers<void>();
  return {
    notify: () => notice.resolve(),
    /** Waits for the next notice, one since the last call included, for at most `ms`. */
    async next(ms: number): Promise<void> {
      await Promise.race([notice.promise, sleep(ms)]);
      notice = Promise.withResolvers();
    },
  };
}
