/**
 * Brings the session's row to what its workflow has decided, and tasks after it.
 *
 *   RS1. The row is written first: whoever reads it from then on neither dispatches nor begins
 *       anything against it. The tasks follow, and may be brought after it as often as needed.
 *   RS2. When it is recorded, the agents know: no call of the session begins any more (Y1–Y3), and
 *       calls that run go on, or are cancelled with their session. What somebody has cancelled
 *       before is for them to wait for (CA1).
 */
import { GridError } from "../domain/errors.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Session } from "../domain/session.ts";
import { type SessionStatusName, STATUS_OF_NAME } from "../domain/session-commands.ts";
import { SESSION_MACHINE, SessionStatus, sourcesOf, TaskStatus } from "../domain/status.ts";
import { awaitChecks } from "./await-checks.ts";
import { dispatch } from "./dispatch.ts";
import type { Stores } from "./stores.ts";

export interface StatusChange {
  readonly sessionId: SessionId;
  readonly status: SessionStatusName;
  readonly clientSubmission: boolean;
  readonly workerSubmission: boolean;
}

/** What resumes at once; the supervisors of the open batches dispatch the rest. */
const RESUMED_AT_ONCE = 1_000;

const { DISPATCHED, PROCESSING } = TaskStatus;
/** Tasks that an agent must drop, or whose start must be stored, before the status is true. */
const CONCERNED: { readonly [S in SessionStatus]?: readonly TaskStatus[] } = {
  [SessionStatus.PAUSED]: [DISPATCHED],
  [SessionStatus.CLOSED]: [DISPATCHED],
  [SessionStatus.CANCELLED]: [DISPATCHED, PROCESSING],
};

/** Repeatable. A row that has gone further (purged, say) is left as it is. */
export async function recordStatus(stores: Stores, change: StatusChange): Promise<void> {
  const { tables, now } = stores;
  const { sessionId, clientSubmission, workerSubmission } = change;
  const status = STATUS_OF_NAME[change.status];
  const flags = { clientSubmission, workerSubmission };
  const session = await tables.sessions.get(sessionId);
  if (!session) throw new GridError("SESSION_NOT_FOUND", sessionId);
  const dated = { ...flags, status, ...datesOf(session, status, now()) };
  const from = sourcesOf(SESSION_MACHINE, status);
  const { changed } = await tables.sessions.change(sessionId, from, dated);
  // Repeated, or only the flags differ: dates stay as they were.
  if (!changed && !(await tables.sessions.change(sessionId, [status], flags)).changed) return;
  if (status === SessionStatus.PAUSED) await tables.tasks.pauseSession(sessionId);
  if (status === SessionStatus.RUNNING) await resume(stores, sessionId);
  const concerned = CONCERNED[status];
  if (concerned) await awaitChecks(stores, await tables.tasks.ownersIn(sessionId, concerned));
}

function datesOf({ createdAt }: Session, status: SessionStatus, at: number): Partial<Session> {
  if (status === SessionStatus.CANCELLED) return { cancelledAt: at };
  if (status === SessionStatus.CLOSED) return { closedAt: at, durationMs: at - createdAt };
  return {};
}

async function resume(stores: Stores, sessionId: SessionId): Promise<void> {
  const { tables } = stores;
  const paused = await tables.tasks.inSession(sessionId, [TaskStatus.PAUSED], RESUMED_AT_ONCE);
  const byPriority = paused.toSorted((a, b) => b.options.priority - a.options.priority);
  const ids = byPriority.map(({ taskId }) => taskId);
  await dispatch(stores, sessionId, ids);
}
