import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Condition, Filter } from "../../../src/domain/filter.ts";
import { holds, toMatcher, type View, withinSession } from "../../../src/submitter/events/match.ts";

type Name = "id" | "sessionId" | "name";
interface Row {
  id: string;
  sessionId: string;
  name: string;
}

const VIEW: View<Row, Name> = {
  id: "id",
  read: (row, field) => (typeof field === "object" ? null : row[field]),
};

const word = fc.constantFrom("", "a", "b", "ab");
const row = fc.record({ id: word, sessionId: word, name: word });
const condition: fc.Arbitrary<Condition<Name>> = fc.record({
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

/** What a filter means, as it is defined. */
const means = (ors: Filter<Name>, one: Row): boolean =>
  ors.length === 0 || ors.some((ands) => ands.every((c) => holds(c, VIEW.read(one, c.field))));

describe("filters of subscriptions", () => {
  it("mean the same whether compiled or not", () => {
    fc.assert(
      fc.property(filter, row, (ors, one) => {
        const matcher = toMatcher(ors, VIEW);
        expect(matcher.matches(one)).toBe(means(ors, one));
        const known = matcher.byId(one.id);
        if (known !== undefined) expect(known).toBe(means(ors, one));
        if (matcher.ids) expect(matcher.ids.has(one.id)).toBe(means(ors, one));
      }),
    );
  });

  it("mean the same for rows of the session when what is known of it is left out", () => {
    fc.assert(
      fc.property(filter, row, (ors, one) => {
        const within = withinSession(ors, one.sessionId);
        expect(within ? toMatcher(within, VIEW).matches(one) : false).toBe(means(ors, one));
      }),
    );
  });

  it("need no row when they name ids, however they name the session besides", () => {
    const is = (field: Name, value: string): Condition<Name> => ({
      ...{ kind: "string", field, operator: "equal", value },
    });
    const ors = Array.from({ length: 100 }, (_, i) => [is("sessionId", "s"), is("id", `${i}`)]);
    const matcher = toMatcher(withinSession(ors, "s") ?? [], VIEW);
    expect(matcher.ids?.size).toBe(100);
    expect([matcher.byId("7"), matcher.byId("other")]).toEqual([true, false]);
  });

  it.each<[Condition<Name>, unknown, boolean]>([
    [{ kind: "number", field: "id", operator: "less", value: 2 }, 1, true],
    [{ kind: "number", field: "id", operator: "greaterOrEqual", value: 2 }, 2, true],
    [{ kind: "date", field: "id", operator: "equal", value: null }, null, true],
    [{ kind: "date", field: "id", operator: "less", value: 5 }, null, false],
    [{ kind: "date", field: "id", operator: "lessOrEqual", value: null }, null, true],
    [{ kind: "date", field: "id", operator: "notEqual", value: 5 }, null, true],
    [{ kind: "duration", field: "id", operator: "notEqual", value: null }, 3, true],
    [{ kind: "status", field: "id", operator: "notEqual", value: 1 }, 2, true],
    [{ kind: "boolean", field: "id", value: true }, false, false],
    [{ kind: "array", field: "id", operator: "contains", value: "a" }, ["a"], true],
    [{ kind: "array", field: "id", operator: "notContains", value: "a" }, ["a"], false],
    [{ kind: "string", field: "id", operator: "equal", value: "" }, null, false],
    [{ kind: "string", field: "id", operator: "notEqual", value: "x" }, null, true],
  ])("%j holds for %j: %s", (one, value, expected) => {
    expect(holds(one, value as never)).toBe(expected);
  });
});
