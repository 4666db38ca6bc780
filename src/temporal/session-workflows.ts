// The control plane's view of session workflows: starts, signals and updates go through this file;
// only revive-workflows.ts asks Temporal's client besides, for a list.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "@temporalio/client";
import {
  ApplicationFailure,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from "@temporalio/common";
import type { SessionTable } from "../adaptors/ports/table/sessions.ts";
import type { BatchesSubmitted } from "../domain/batch.ts";
import { GridError } from "../domain/errors.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Session } from "../domain/session.ts";
import {
  nameOfStatus,
  RULES,
  STATUS_OF_NAME,
  type StopSubmission,
} from "../domain/session-commands.ts";
import { SessionStatus } from "../domain/status.ts";
import { SessionWorkflowOver, type SessionWorkflows } from "../lifecycle/session-workflows.ts";
import * as grid from "../workflows/contracts.ts";

export interface SessionWorkflowsOptions {
  /** Batches that a session may have open at once. */
  readonly window: number;
  /** For this long may a command wait for agents that do not answer. */
  readonly leaseMs: number;
  readonly sessions: Pick<SessionTable, "get">;
  /** The native client retries inside while Temporal is away: callers must not wait for that. */
  readonly patienceMs?: number;
}

/** The server's own answer to a missed deadline says more than ours. */
const LATE_MS = 100;

/** What the session's row says already, where that is more than a new workflow would assume. */
function stateOf(session: Session): Pick<grid.SessionInput, "state"> {
  const { status, clientSubmission, workerSubmission } = session;
  if (status === SessionStatus.RUNNING && clientSubmission && workerSubmission) return {};
  return {
    state: {
      ...{ status: nameOfStatus(status), clientSubmission, workerSubmission },
      ...{ upTo: 0, next: 1, open: [], again: [], parked: [], names: {} },
      ...{ tasks: 0, completed: 0, failed: 0 },
    },
  };
}

function startOptions(session: Session, window: number) {
  const { sessionId, partitionIds, defaultOptions } = session;
  const partition = defaultOptions.partitionId || (partitionIds[0] ?? "");
  const partitions = partitionIds.join(", ");
  return {
    workflowId: grid.sessionWorkflowId(sessionId),
    taskQueue: grid.BATCH_QUEUE,
    args: [{ sessionId, window, ...stateOf(session) }] satisfies [grid.SessionInput],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    // One that was terminated starts again (revive-workflows.ts), one that ended by itself does not.
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    staticSummary: `session on ${partitions}`,
    staticDetails: `Partitions **${partitions}**. To pause, resume, close or cancel the session, send the update or signal of that name.`,
    typedSearchAttributes: [
      { key: grid.statusAttribute, value: nameOfStatus(session.status) },
      { key: grid.partitionAttribute, value: partition },
    ],
  };
}

/** Everything that is not a refusal is taken for an outage of Temporal, and says so. */
function toGridError(sessionId: SessionId, error: unknown): unknown {
  if (error instanceof GridError || error instanceof SessionWorkflowOver) return error;
  if (error instanceof WorkflowNotFoundError)
    return new SessionWorkflowOver(sessionId, { cause: error });
  if (error instanceof WorkflowUpdateFailedError) return toRefusal(sessionId, error);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return away("did not answer in time", error);
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (isGrpcServiceError(cause)) return away(`is away (${cause.details || cause.message})`, error);
  return error;
}

const away = (what: string, cause: unknown) =>
  new GridError("DEPENDENCY_UNAVAILABLE", `Temporal ${what}`, { cause });

function toRefusal(sessionId: SessionId, error: WorkflowUpdateFailedError): Error {
  const { cause } = error;
  if (cause instanceof ApplicationFailure && cause.type === "INVALID_SESSION_TRANSITION") {
    return new GridError("INVALID_SESSION_TRANSITION", cause.message, { cause: error });
  }
  // The workflow ended before the update's handler did.
  return new SessionWorkflowOver(sessionId, { cause: error });
}

export function createSessionWorkflows(
  client: Client,
  { window, leaseMs, sessions, patienceMs = 8_000 }: SessionWorkflowsOptions,
): SessionWorkflows {
  /** Rejects when nobody has answered in time; later, if somebody is at it. */
  const outOfPatience = async (signal: AbortSignal, isAtIt?: () => Promise<boolean>) => {
    await sleep(patienceMs + LATE_MS, undefined, { signal });
    if (await isAtIt?.()) await sleep(leaseMs, undefined, { signal });
    throw away("did not answer in time", undefined);
  };

  const call = async <T>(
    sessionId: SessionId,
    work: () => Promise<T>,
    isAtIt?: () => Promise<boolean>,
  ): Promise<T> => {
    const limitMs = isAtIt ? patienceMs + leaseMs : patienceMs;
    const called = client.withDeadline(Date.now() + limitMs, work);
    const stop = new AbortController();
    // The native client tries on past its deadline while nobody listens at Temporal's address.
    const late = outOfPatience(stop.signal, isAtIt);
    try {
      return await Promise.race([called, late]);
    } catch (error) {
      throw toGridError(sessionId, error);
    } finally {
      stop.abort();
      // Given up: what becomes of it is of no interest any more.
      called.catch(() => {});
      late.catch(() => {});
    }
  };
  const handleOf = (sessionId: SessionId) =>
    client.workflow.getHandle(grid.sessionWorkflowId(sessionId));

  /** For notices: a session that has ended has nobody who must be told. */
  const unlessOver = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return;
      if (!(error instanceof SessionWorkflowOver)) throw error;
    }
  };

  /** The session's start was lost, or it has ended. */
  const startWith = async (sessionId: SessionId, mark: BatchesSubmitted): Promise<void> => {
    const session = await sessions.get(sessionId);
    if (!session) return;
    try {
      await call(sessionId, () =>
        client.workflow.signalWithStart(grid.SESSION_WORKFLOW, {
          ...startOptions(session, window),
          signal: grid.batchesSubmitted,
          signalArgs: [mark],
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      throw new SessionWorkflowOver(sessionId, { cause: error });
    }
  };

  return {
    async start(session) {
      const started = call(session.sessionId, () =>
        client.workflow.start(grid.SESSION_WORKFLOW, startOptions(session, window)),
      );
      await unlessOver(started);
    },

    async control(sessionId, command, args) {
      const { to } = RULES[command];
      // The row is written first; then it waits for agents, no longer than for a lease.
      const isAtIt = async (): Promise<boolean> =>
        to !== undefined && (await sessions.get(sessionId))?.status === STATUS_OF_NAME[to];
      const update = () =>
        handleOf(sessionId).executeUpdate<unknown, [Partial<StopSubmission>]>(command, {
          args: [args ?? {}],
          updateId: `${command}-${randomUUID()}`,
        });
      await call(sessionId, update, isAtIt);
    },

    async batchesSubmitted(sessionId, mark) {
      try {
        const handle = handleOf(sessionId);
        await call(sessionId, () => handle.signal(grid.batchesSubmitted, mark));
      } catch (error) {
        if (!(error instanceof SessionWorkflowOver)) throw error;
        await startWith(sessionId, mark);
      }
    },

    async batchesReady(sessionId, batches) {
      const signalled = call(sessionId, () =>
        handleOf(sessionId).signal(grid.batchesReady, { batches: [...batches] }),
      );
      await unlessOver(signalled);
    },
  };
}
