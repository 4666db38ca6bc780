import { GridError } from "../../../domain/errors.ts";
import type { SessionFields } from "../../../domain/filter/fields.ts";
import type { SessionId } from "../../../domain/ids.ts";
import type { Session } from "../../../domain/session.ts";
import type { SessionStatus } from "../../../domain/status.ts";
import type { SessionTable } from "../../ports/table/sessions.ts";
import { type Listing, listRows } from "./listing.ts";
import type { Store } from "./store.ts";

const CREATE = `INSERT INTO sessions (session_id, status, created_at, body) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const GET = "SELECT body FROM sessions WHERE session_id = ?";
const STATUS = "SELECT status FROM sessions WHERE session_id = ?";
const CHANGE = "UPDATE sessions SET status = ?, created_at = ?, body = ? WHERE session_id = ?";
const REMOVE = "DELETE FROM sessions WHERE session_id = ?";

const member = (name: string): string => `json_extract(body, '$.${name}')`;
const option = (name: string): string => `json_extract(body, '$.defaultOptions.${name}')`;

const SESSIONS: Listing<SessionFields> = {
  table: "sessions",
  columns: "body",
  key: "session_id",
  options: "body, '$.defaultOptions.options'",
  fields: {
    sessionId: "session_id",
    status: "status",
    clientSubmission: member("clientSubmission"),
    workerSubmission: member("workerSubmission"),
    partitionIds: member("partitionIds"),
    createdAt: "created_at",
    cancelledAt: member("cancelledAt"),
    closedAt: member("closedAt"),
    purgedAt: member("purgedAt"),
    deletedAt: member("deletedAt"),
    durationMs: member("durationMs"),
    maxDurationMs: option("maxDurationMs"),
    maxRetries: option("maxRetries"),
    priority: option("priority"),
    partitionId: option("partitionId"),
    applicationName: option("applicationName"),
    applicationVersion: option("applicationVersion"),
    applicationNamespace: option("applicationNamespace"),
    applicationService: option("applicationService"),
    engineType: option("engineType"),
  },
};

const toSession = (row: unknown): Session => JSON.parse((row as [string])[0]) as Session;

export const sessionTable = (store: Store): SessionTable => {
  const find = (sessionId: SessionId): Session | undefined => {
    const row = store.sql(GET).get(sessionId) as { body: string } | undefined;
    return row && (JSON.parse(row.body) as Session);
  };

  return {
    async create(session) {
      await store.write(() => {
        const { sessionId, status, createdAt } = session;
        store.sql(CREATE).run(sessionId, status, createdAt, JSON.stringify(session));
      });
    },

    get: (sessionId) => store.read(() => find(sessionId)),

    list: (query) =>
      store.read(() => {
        const { rows, total } = listRows(store, SESSIONS, query);
        return { rows: rows.map(toSession), total };
      }),

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
        const { status, createdAt } = changed;
        store.sql(CHANGE).run(status, createdAt, JSON.stringify(changed), sessionId);
        return { session: changed, changed: true };
      }),

    async remove(sessionId) {
      await store.write(() => {
        store.sql(REMOVE).run(sessionId);
      });
    },
  };
};
