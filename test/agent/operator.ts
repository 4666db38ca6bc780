// What an operator does to a session, without Temporal.
import type { SessionId } from "../../src/domain/ids.ts";
import type { SessionStatusName } from "../../src/domain/session-commands.ts";
import { recordStatus } from "../../src/lifecycle/record-status.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";

/** Resolves when an operator would be answered. */
export function setStatus(
  stores: Stores,
  sessionId: SessionId,
  status: SessionStatusName,
): Promise<void> {
  const open = status === "Running" || status === "Paused";
  const flags = { clientSubmission: open, workerSubmission: open };
  return recordStatus(stores, { sessionId, status, ...flags });
}
