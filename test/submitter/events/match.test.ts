import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Condition, FieldsByKind } from "../../../src/domain/filter/conditions.ts";
import { matches } from "../../../src/domain/filter/evaluate.ts";
import type { List } from "../../../src/domain/filter/lists.ts";
import { toMatcher, withinSession } from "../../../src/submitter/events/match.ts";

type Name = "id" | "sessionId" | "name";
type Row = Readonly<Record<Name, string>>;
type Fields = { readonly [K in keyof FieldsByKind]: K extends "string" ? Name : never };

const LIST: List<Row, Fields> = {
  kinds: { id: "string", sessionId: "string", name: "string" },
  key: ["id"],
  read: (row, field) => row[field],
};

const word = fc.constantFrom("", "a", "b", "ab");
const row = fc.record({ id: word, sessionId: word, name: word });
const condition: fc.Arbitrary<Condition<Fields>> = fc.record({
  kind: fc.constant("string" as const),
  field: fc.constantFrom("id" as const, "sessionId" as const, "name" as const),
  operator: fc.constantFrom(
    "equal" as const,
    "notEqual" as const,
    "contains" as const,
    "notContains" as const,
    "startsWith" as const,
    "endsWith" as const,
  ),
  value: word,
});
const filter = fc.array(fc.array(condition, { maxLength: 3 }), { maxLength: 4 });

describe("filters of subscriptions", () => {
  it("mean the same whether compiled or not", () => {
    fc.assert(
      fc.property(filter, row, (ors, one) => {
        const matcher = toMatcher(ors, LIST);
        expect(matcher.matches(one)).toBe(matches(LIST, ors, one));
        const known = matcher.byId(one.id);
        if (known !== undefined) expect(known).toBe(matches(LIST, ors, one));
        if (matcher.ids) expect(matcher.ids.has(one.id)).toBe(matches(LIST, ors, one));
      }),
    );
  });

  it("mean the same for rows of the session when what is known of it is left out", () => {
    fc.assert(
      fc.property(filter, row, (ors, one) => {
        const within = withinSession(ors, one.sessionId);
        expect(within ? toMatcher(within, LIST).matches(one) : false).toBe(matches(LIST, ors, one));
      }),
    );
  });

  it("need no row when they name ids, however they name the session besides", () => {
    const is = (field: Name, value: string): Condition<Fields> => ({
      ...{ kind: "string", field, operator: "equal", value },
    });
    const ors = Array.from({ length: 100 }, (_, i) => [is("sessionId", "s"), is("id", `${i}`)]);
    const matcher = toMatcher(withinSession(ors, "s") ?? [], LIST);
    expect(matcher.ids?.size).toBe(100);
    expect([matcher.byId("7"), matcher.byId("other")]).toEqual([true, false]);
  });
});
