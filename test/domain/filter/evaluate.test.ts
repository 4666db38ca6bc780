import { describe, expect, it } from "vitest";
import type {
  Condition,
  FieldsByKind,
  OrderOperator,
  StringOperator,
} from "../../../src/domain/filter/conditions.ts";
import { holds, matches } from "../../../src/domain/filter/evaluate.ts";
import type { Value } from "../../../src/domain/filter/lists.ts";
import { RESULTS } from "../../../src/domain/filter/lists.ts";
import { resultIn, someSession } from "../../support/rows.ts";

/** Operators that hold for the value of a row and the value of the condition; all others do not. */
type Case<Operator, Wanted> = [value: Value, wanted: Wanted, holding: Operator[]];

const TEXTS: Case<StringOperator, string>[] = [
  ["abc", "abc", ["equal", "contains", "startsWith", "endsWith"]],
  ["abc", "b", ["notEqual", "contains"]],
  ["abc", "ab", ["notEqual", "contains", "startsWith"]],
  ["abc", "bc", ["notEqual", "contains", "endsWith"]],
  ["abc", "B", ["notEqual", "notContains"]],
  ["abc", "%", ["notEqual", "notContains"]],
  ["abc", "abcd", ["notEqual", "notContains"]],
  ["abc", "", ["notEqual", "contains", "startsWith", "endsWith"]],
  ["", "", ["equal", "contains", "startsWith", "endsWith"]],
  [undefined, "", ["notEqual", "notContains"]],
  [undefined, "a", ["notEqual", "notContains"]],
];

const NUMBERS: Case<OrderOperator, number | null>[] = [
  [1, 2, ["notEqual", "less", "lessOrEqual"]],
  [2, 2, ["equal", "lessOrEqual", "greaterOrEqual"]],
  [3, 2, ["notEqual", "greaterOrEqual", "greater"]],
  [0, null, ["notEqual"]],
  [undefined, 0, ["notEqual"]],
  [undefined, null, ["equal", "lessOrEqual", "greaterOrEqual"]],
];

const STRING_OPERATORS = [
  ...(["equal", "notEqual", "contains", "notContains", "startsWith", "endsWith"] as const),
];
const ORDER_OPERATORS = [
  ...(["equal", "notEqual", "less", "lessOrEqual", "greaterOrEqual", "greater"] as const),
];

describe("conditions", () => {
  it.each(TEXTS)("compare the text %j with %j: %j", (value, wanted, holding) => {
    const holdingNow = STRING_OPERATORS.filter((operator) =>
      holds({ kind: "string", field: "any", operator, value: wanted }, value),
    );
    expect(holdingNow).toEqual(holding);
  });

  it.each(NUMBERS)("compare the date or duration %j with %j: %j", (value, wanted, holding) => {
    for (const kind of ["date", "duration"] as const) {
      const holdingNow = ORDER_OPERATORS.filter((operator) =>
        holds({ kind, field: "any", operator, value: wanted }, value),
      );
      expect(holdingNow).toEqual(holding);
    }
  });

  it.each(NUMBERS.filter(([, wanted]) => wanted !== null))(
    "compare the number %j with %j: %j",
    (value, wanted, holding) => {
      const holdingNow = ORDER_OPERATORS.filter((operator) =>
        holds({ kind: "number", field: "any", operator, value: wanted as number }, value),
      );
      expect(holdingNow).toEqual(holding);
    },
  );

  it.each<[Condition<FieldsByKind, "status" | "boolean" | "array">, Value, boolean]>([
    [{ kind: "status", field: "any", operator: "equal", value: 1 }, 1, true],
    [{ kind: "status", field: "any", operator: "equal", value: 1 }, 2, false],
    [{ kind: "status", field: "any", operator: "notEqual", value: 1 }, 2, true],
    [{ kind: "status", field: "any", operator: "notEqual", value: 1 }, 1, false],
    [{ kind: "boolean", field: "any", value: true }, true, true],
    [{ kind: "boolean", field: "any", value: true }, false, false],
    [{ kind: "boolean", field: "any", value: false }, false, true],
    [{ kind: "array", field: "any", operator: "contains", value: "a" }, ["b", "a"], true],
    [{ kind: "array", field: "any", operator: "contains", value: "a" }, ["ab"], false],
    [{ kind: "array", field: "any", operator: "notContains", value: "a" }, ["a"], false],
    [{ kind: "array", field: "any", operator: "notContains", value: "a" }, [], true],
  ])("%j of %j: %s", (condition, value, expected) => {
    expect(holds(condition, value)).toBe(expected);
  });
});

describe("filters", () => {
  const row = resultIn(someSession(), { name: "n", size: 3 });
  const named = { kind: "string", field: "name", operator: "equal", value: "n" } as const;
  const large = { kind: "number", field: "size", operator: "greater", value: 5 } as const;

  it("are alternatives of which one must hold, with all of its conditions", () => {
    expect(matches(RESULTS, [[named]], row)).toBe(true);
    expect(matches(RESULTS, [[named, large]], row)).toBe(false);
    expect(matches(RESULTS, [[named, large], [named]], row)).toBe(true);
  });

  it("match everything when there is no alternative, or one without conditions", () => {
    expect(matches(RESULTS, [], row)).toBe(true);
    expect(matches(RESULTS, [[large], []], row)).toBe(true);
  });
});
