// What a filter means, in memory: the drivers' lists are compared with it.
import type { Condition, Field, Filter, OrderOperator } from "../../../src/domain/filter.ts";

/** What a row holds under a field; undefined = nothing (yet). */
export type Value = string | number | boolean | readonly string[] | undefined;
export type Values<Name extends string, Row> = (row: Row, field: Field<Name>) => Value;

export const matchesFilter = <Name extends string>(
  filter: Filter<Name>,
  valueAt: (field: Field<Name>) => Value,
): boolean =>
  filter.length === 0 ||
  filter.some((all) => all.every((condition) => matches(condition, valueAt(condition.field))));

function matches(condition: Condition<string>, value: Value): boolean {
  switch (condition.kind) {
    case "string":
      return matchesText(condition, value as string | undefined);
    case "status":
      return (value === condition.value) === (condition.operator === "equal");
    case "boolean":
      return value === condition.value;
    case "array": {
      const contains = ((value ?? []) as readonly string[]).includes(condition.value);
      return contains === (condition.operator === "contains");
    }
    default:
      return compares(condition.operator, value as number | undefined, condition.value);
  }
}

function matchesText(
  { operator, value: searched }: Extract<Condition<string>, { kind: "string" }>,
  value: string | undefined,
): boolean {
  switch (operator) {
    case "equal":
      return value === searched;
    case "notEqual":
      return value !== searched;
    case "contains":
      return value?.includes(searched) ?? false;
    case "notContains":
      return !value?.includes(searched);
    case "startsWith":
      return value?.startsWith(searched) ?? false;
    case "endsWith":
      return value?.endsWith(searched) ?? false;
  }
}

/** Nothing equals null and is neither less nor greater than anything. */
function compares(
  operator: OrderOperator,
  value: number | undefined,
  limit: number | null,
): boolean {
  const equal = limit === null ? value === undefined : value === limit;
  const ordered = value !== undefined && limit !== null;
  switch (operator) {
    case "equal":
      return equal;
    case "notEqual":
      return !equal;
    case "less":
      return ordered && value < limit;
    case "lessOrEqual":
      return equal || (ordered && value < limit);
    case "greater":
      return ordered && value > limit;
    case "greaterOrEqual":
      return equal || (ordered && value > limit);
  }
}
