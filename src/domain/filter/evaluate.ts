// What a filter means. Subscriptions are evaluated so, and the drivers' lists are tested against it.
import type {
  Condition,
  FieldsByKind,
  Filter,
  OrderOperator,
  StringOperator,
} from "./conditions.ts";
import type { List, Value } from "./lists.ts";

const STRINGS: Readonly<Record<StringOperator, (value: string, wanted: string) => boolean>> = {
  equal: (value, wanted) => value === wanted,
  notEqual: (value, wanted) => value !== wanted,
  contains: (value, wanted) => value.includes(wanted),
  notContains: (value, wanted) => !value.includes(wanted),
  startsWith: (value, wanted) => value.startsWith(wanted),
  endsWith: (value, wanted) => value.endsWith(wanted),
};

const ORDERS: Readonly<Record<OrderOperator, (value: number, wanted: number) => boolean>> = {
  equal: (value, wanted) => value === wanted,
  notEqual: (value, wanted) => value !== wanted,
  less: (value, wanted) => value < wanted,
  lessOrEqual: (value, wanted) => value <= wanted,
  greaterOrEqual: (value, wanted) => value >= wanted,
  greater: (value, wanted) => value > wanted,
};

/** What is absent is unlike any text. */
function holdsString(operator: StringOperator, value: Value, wanted: string): boolean {
  if (typeof value === "string") return STRINGS[operator](value, wanted);
  return operator === "notEqual" || operator === "notContains";
}

/** "Never" equals only itself, and is neither before nor after anything. */
function holdsOrder(operator: OrderOperator, value: Value, wanted: number | null): boolean {
  if (typeof value === "number" && wanted !== null) return ORDERS[operator](value, wanted);
  const bothAbsent = value === undefined && wanted === null;
  if (operator === "notEqual") return !bothAbsent;
  return operator !== "less" && operator !== "greater" && bothAbsent;
}

/** Whether the condition holds for what its field holds. */
export function holds(condition: Condition, value: Value): boolean {
  switch (condition.kind) {
    case "string":
      return holdsString(condition.operator, value, condition.value);
    case "number":
    case "date":
    case "duration":
      return holdsOrder(condition.operator, value, condition.value);
    case "status":
      return (condition.operator === "equal") === (value === condition.value);
    case "boolean":
      return value === condition.value;
    case "array": {
      const has = Array.isArray(value) && value.includes(condition.value);
      return has === (condition.operator === "contains");
    }
  }
}

export const matchesAll = <Row, Fields extends FieldsByKind>(
  list: List<Row, Fields>,
  conditions: readonly Condition<Fields>[],
  row: Row,
): boolean => conditions.every((one) => holds(one, list.read(row, one.field)));

export const matches = <Row, Fields extends FieldsByKind>(
  list: List<Row, Fields>,
  filter: Filter<Fields>,
  row: Row,
): boolean => filter.length === 0 || filter.some((all) => matchesAll(list, all, row));
