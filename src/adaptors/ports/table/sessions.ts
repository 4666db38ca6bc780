import type { SessionFields } from "../../../domain/filter/fields.ts";
import type { ListQuery, Page } from "../../../domain/filter/query.ts";
import type { SessionId } from "../../../domain/ids.ts";
import type { Session } from "../../../domain/session.ts";
import type { SessionStatus } from "../../../domain/status.ts";

export interface SessionTable {
  /** An id that exists already is left as it is. */
  create(session: Session): Promise<void>;
  get(sessionId: SessionId): Promise<Session | undefined>;
  list(query: ListQuery<SessionFields>): Promise<Page<Session>>;
  /** Statuses of several sessions at once; unknown ones are left out. */
  statuses(sessionIds: readonly SessionId[]): Promise<Map<SessionId, SessionStatus>>;
  /**
   * Changes the session if its status is one of `from`; answers it as it is afterwards.
   *
   * @throws {GridError} SESSION_NOT_FOUND.
   */
  change(
    sessionId: SessionId,
    from: readonly SessionStatus[],
    change: Partial<Omit<Session, "sessionId">>,
  ): Promise<{ session: Session; changed: boolean }>;
  /** Removes a session that never came to be. */
  remove(sessionId: SessionId): Promise<void>;
}
