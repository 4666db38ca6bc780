/**
 * Starts again what somebody has ended from outside: a session's workflow that was terminated, by
 * hand or by mistake, although the session has work left (I1, I6).
 *
 *   RW1. The session's row decides: its status, and not how its workflow ended, says what is left.
 *   RW2. Every step may be repeated, and several processes may do it at once: a workflow that runs,
 *       or that ended by itself, is left alone.
 */
import type { Client } from "@temporalio/client";
import { LRUCache } from "lru-cache";
import type { TableStorage } from "../../adaptors/ports/table-storage.ts";
import type { SessionId } from "../../domain/ids.ts";
import { SessionStatus } from "../../domain/status.ts";
import type { SessionWorkflows } from "../../lifecycle/session-workflows.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { SESSION_WORKFLOW, sessionIdOf } from "../../workflows/contracts.ts";

export interface WorkflowRevival {
  /** Looks for workflows that were ended since the last look; the first time, for all of them. */
  look(): Promise<void>;
}

export interface WorkflowRevivalDependencies {
  readonly client: Client;
  readonly tables: {
    readonly sessions: Pick<TableStorage["sessions"], "get">;
    readonly batches: Pick<TableStorage["batches"], "announceAgain">;
  };
  readonly workflows: Pick<SessionWorkflows, "start">;
  readonly log: Logger;
}

const ENDED = `WorkflowType = "${SESSION_WORKFLOW}" AND ExecutionStatus IN ("Terminated", "Failed", "TimedOut")`;
/** Clocks differ, and what has ended is not listed at once. */
const OVERLAP_MS = 600_000;
/** Runs seen to; one forgotten costs a few calls. */
const REMEMBERED = 10_000;

const { RUNNING, PAUSED, CLOSED, CANCELLED } = SessionStatus;
const MAY_HAVE_WORK: readonly SessionStatus[] = [RUNNING, PAUSED, CLOSED, CANCELLED];

export function createWorkflowRevival({
  client,
  tables,
  workflows,
  log,
}: WorkflowRevivalDependencies): WorkflowRevival {
  const done = new LRUCache<string, true>({ max: REMEMBERED });
  let lookedAt: number | undefined;

  const revive = async (sessionId: SessionId, how: string): Promise<void> => {
    const session = await tables.sessions.get(sessionId);
    if (!session || !MAY_HAVE_WORK.includes(session.status)) return;
    await tables.batches.announceAgain(sessionId);
    await workflows.start(session);
    log.warn({ sessionId, how }, "workflow of a session was ended from outside, started again");
  };

  return {
    async look() {
      const at = Date.now();
      const since =
        lookedAt === undefined
          ? ""
          : ` AND CloseTime > "${new Date(lookedAt - OVERLAP_MS).toISOString()}"`;
      for await (const { workflowId, runId, status } of client.workflow.list({
        query: ENDED + since,
      })) {
        const sessionId = sessionIdOf(workflowId);
        if (sessionId === undefined || done.has(runId)) continue;
        await revive(sessionId, status.name);
        done.set(runId, true);
      }
      lookedAt = at;
    },
  };
}
