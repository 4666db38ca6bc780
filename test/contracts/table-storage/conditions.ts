import type { Condition } from "../../../src/domain/filter/conditions.ts";
import type { SessionId } from "../../../src/domain/ids.ts";

type InSession = Extract<Condition, { kind: "string" }> & { readonly field: "sessionId" };

/** All of one session, in any list. */
export const bySession = (session: SessionId): InSession[][] => [[inSession(session)]];

export const inSession = (session: SessionId): InSession => ({
  kind: "string",
  field: "sessionId",
  operator: "equal",
  value: session,
});
