import { GridError } from "../../../domain/errors.ts";
import type { SessionId } from "../../../domain/ids.ts";
import type { Session } from "../../../domain/session.ts";
import type { SessionStatus } from "../../../domain/status.ts";
import type { SessionTable } from "../../ports/table/sessions.ts";
import type { Store } from "./store.ts";

const CREATE =
  "INSERT INTO sessions (session_id, status, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
const GET = "SELECT body FROM sessions WHERE session_id = ?";
const STATUS = "SELECT status FROM sessions WHERE session_id = ?";
const CHANGE = "UPDATE sessions SET status = ?, body = ? WHERE session_id = ?";
const REMOVE = "DELETE FROM sessions WHERE session_id = ?";

export const sessionTable = (store: Store): SessionTable => {
  const find = (sessionId: SessionId): Session | undefined => {
    const row = store.sql(GET).get(sessionId) as { body: string } | undefined;
    return row && (JSON.parse(row.body) as Session);
  };

  return {
    async create(session) {
      await store.write(() => {
        store.sql(CREATE).run(session.sessionId, session.status, JSON.stringify(session));
      });
    },

    get: (sessionId) => store.read(() => find(sessionId)),

    async statuses(sessionIds) {
      const found = new Map<SessionId, SessionStatus>();
      if (sessionIds.length === 0) return found;
      return store.read(() => {
        for (const sessionId of sessionIds) {
          const row = store.sql(STATUS).get(sessionId) as { status: SessionStatus } | undefined;
          if (row) found.set(sessionId, row.status);
        }
        return found;
      });
    },

    change: (sessionId, from, change) =>
      store.write(() => {
        const session = find(sessionId);
        if (!session) throw new GridError("SESSION_NOT_FOUND", sessionId);
        if (!from.includes(session.status)) return { session, changed: false };
        const changed = { ...session, ...change };
        store.sql(CHANGE).run(changed.status, JSON.stringify(changed), sessionId);
        return { session: changed, changed: true };
      }),

    async remove(sessionId) {
      await store.write(() => {
        store.sql(REMOVE).run(sessionId);
      });
    },
  };
};
