/** What the roles ask of the workflows of sessions; `src/temporal/session-workflows.ts` asks it of Temporal. */
import type { BatchesSubmitted } from "../domain/batch.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Session } from "../domain/session.ts";
import type { SessionCommand, StopSubmission } from "../domain/session-commands.ts";

export interface SessionWorkflows {
  /** Safe to repeat: a workflow that runs already is left alone. */
  start(session: Session): Promise<void>;
  /**
   * Resolves when table storage holds the new status.
   *
   * @throws {GridError} INVALID_SESSION_TRANSITION with the refusal's text.
   * @throws {SessionWorkflowOver} when no workflow runs for the session: see `withDirectControl`.
   */
  control(sessionId: SessionId, command: SessionCommand, args?: StopSubmission): Promise<void>;
  /**
   * Starts the workflow if its start was lost.
   *
   * @throws {SessionWorkflowOver} when the session has ended: see `withDirectControl`.
   */
  batchesSubmitted(sessionId: SessionId, mark: BatchesSubmitted): Promise<void>;
  /** These parked batches have ready tasks. For a session that has ended it does nothing. */
  batchesReady(sessionId: SessionId, batches: readonly number[]): Promise<void>;
}

/** The session's workflow has ended, or never was. Not a refusal: the session's row decides. */
export class SessionWorkflowOver extends Error {
  constructor(sessionId: SessionId, options?: ErrorOptions) {
    super(`no workflow runs for session ${sessionId}`, options);
    this.name = "SessionWorkflowOver";
  }
}
