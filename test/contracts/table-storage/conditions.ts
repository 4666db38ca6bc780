import type { Condition, Filter } from "../../../src/domain/filter.ts";
import type { SessionId } from "../../../src/domain/ids.ts";

/** All of one session, in any list. */
export const bySession = (session: SessionId): Filter<"sessionId"> => [[inSession(session)]];

export const inSession = (session: SessionId): Condition<"sessionId"> => ({
  kind: "string",
  field: "sessionId",
  operator: "equal",
  value: session,
});
