import { GridError } from "../domain/errors.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Session } from "../domain/session.ts";
import {
  nameOfStatus,
  RULES,
  refusalOf,
  type SessionCommand,
  type StopSubmission,
} from "../domain/session-commands.ts";
import { SessionStatus } from "../domain/status.ts";
import { cancelSessionTasks, endLate } from "./cancel.ts";
import { recordStatus } from "./record-status.ts";
import { SessionWorkflowOver, type SessionWorkflows } from "./session-workflows.ts";
import type { Stores } from "./stores.ts";

/**
 * Obeys commands also when no workflow runs for the session: one whose workflow an operator has
 * terminated gets it again, and of one that has ended (a closed session that is cancelled) the row
 * decides, by the same rules.
 */
export const withDirectControl = (
  workflows: SessionWorkflows,
  stores: Stores,
): SessionWorkflows => ({
  ...workflows,
  async control(sessionId, command, args) {
    try {
      await workflows.control(sessionId, command, args);
    } catch (error) {
      if (!(error instanceof SessionWorkflowOver)) throw error;
      await revive(workflows, stores, { sessionId, command, args });
    }
  },

  async batchesSubmitted(sessionId, mark) {
    try {
      await workflows.batchesSubmitted(sessionId, mark);
    } catch (error) {
      if (!(error instanceof SessionWorkflowOver)) throw error;
      await endLate(stores, [sessionId]);
    }
  },
});

const LIVES: readonly SessionStatus[] = [SessionStatus.RUNNING, SessionStatus.PAUSED];

interface Command {
  readonly sessionId: SessionId;
  readonly command: SessionCommand;
  readonly args: StopSubmission | undefined;
}

/** The workflow's start may have been lost; only if it cannot be started is it really over. */
async function revive(workflows: SessionWorkflows, stores: Stores, given: Command): Promise<void> {
  const { sessionId, command, args } = given;
  const session = await stores.tables.sessions.get(sessionId);
  if (!session) throw new GridError("SESSION_NOT_FOUND", sessionId);
  try {
    if (!LIVES.includes(session.status)) throw new SessionWorkflowOver(sessionId);
    await workflows.start(session);
    await workflows.control(sessionId, command, args);
  } catch (error) {
    if (!(error instanceof SessionWorkflowOver)) throw error;
    await applyCommand(stores, session, given);
  }
}

/** @throws {GridError} INVALID_SESSION_TRANSITION. */
async function applyCommand(
  stores: Stores,
  session: Session,
  { command, args }: Command,
): Promise<void> {
  const { sessionId } = session;
  const before = nameOfStatus(session.status);
  const refusal = refusalOf(command, before);
  if (refusal) throw new GridError("INVALID_SESSION_TRANSITION", refusal);
  const { to: status = before } = RULES[command];
  const ends = status === "Closed" || status === "Cancelled";
  await recordStatus(stores, {
    ...{ sessionId, status },
    clientSubmission: session.clientSubmission && !ends && !args?.client,
    workerSubmission: session.workerSubmission && !ends && !args?.worker,
  });
  if (!ends) return;
  const reason = `The session was ${status.toLowerCase()}`;
  await cancelSessionTasks(stores, sessionId, { reason, running: status === "Cancelled" });
}
