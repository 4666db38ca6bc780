// Verbs that change a session. Its row is read first, so that what the caller got wrong is said
// without asking Temporal; the workflow decides, and the row it wrote is the answer.
import { GridError } from "../../domain/errors.ts";
import type { Session } from "../../domain/session.ts";
import { nameOfStatus, refusalOf, type SessionCommand } from "../../domain/session-commands.ts";
import { SessionStatus } from "../../domain/status.ts";
import type { StopSubmissionRequest } from "../../gen/sessions_common.ts";
import type { Grid } from "../grid.ts";
import { readSession } from "./read.ts";

/**
 * Resuming a running session is no error, as in the original.
 *
 * @throws {GridError} SESSION_NOT_FOUND, INVALID_SESSION_TRANSITION.
 */
export async function changeSession(
  { stores, workflows }: Grid,
  id: string,
  command: Exclude<SessionCommand, "stopSubmission">,
): Promise<Session> {
  const session = await readSession(stores, id);
  const { sessionId, status } = session;
  if (command === "resume" && status === SessionStatus.RUNNING) return session;
  const refusal = refusalOf(command, nameOfStatus(status));
  if (refusal) throw new GridError("INVALID_SESSION_TRANSITION", `${refusal} (${sessionId})`);
  await workflows.control(sessionId, command);
  return await readSession(stores, id);
}

/** Flags only ever go down; what is down already needs no workflow, which may have ended. */
export async function stopSubmission(
  { stores, workflows }: Grid,
  { sessionId: id, client, worker }: StopSubmissionRequest,
): Promise<Session> {
  const session = await readSession(stores, id);
  const { sessionId, clientSubmission, workerSubmission } = session;
  if (!(client && clientSubmission) && !(worker && workerSubmission)) return session;
  await workflows.control(sessionId, "stopSubmission", { client, worker });
  return await readSession(stores, id);
}
