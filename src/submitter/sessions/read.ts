import { GridError } from "../../domain/errors.ts";
import { sessionId } from "../../domain/ids.ts";
import type { Session } from "../../domain/session.ts";
import type { Stores } from "../../lifecycle/stores.ts";

/** @throws {GridError} SESSION_NOT_FOUND. */
export async function readSession({ tables }: Stores, id: string): Promise<Session> {
  const session = await tables.sessions.get(sessionId(id));
  if (!session) throw new GridError("SESSION_NOT_FOUND", id === "" ? "session_id is empty" : id);
  return session;
}
