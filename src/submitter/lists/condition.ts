import { invalid } from "../../domain/errors.ts";
import type { Condition, Field, OrderOperator, StringOperator } from "../../domain/filter.ts";
import type {
  FilterArray,
  FilterBoolean,
  FilterDate,
  FilterDuration,
  FilterNumber,
  FilterString,
} from "../../gen/filters_common.ts";
import { toMs } from "../../grpc/time.ts";

/** A condition of any list; each list knows some of them. */
export type WireCondition =
  | { $case: "filterString"; value: FilterString }
  | { $case: "filterNumber"; value: FilterNumber }
  | { $case: "filterBoolean"; value: FilterBoolean }
  | { $case: "filterStatus"; value: { value: number; operator: number } }
  | { $case: "filterDate"; value: FilterDate }
  | { $case: "filterArray"; value: FilterArray }
  | { $case: "filterDuration"; value: FilterDuration };

export type Kind = Condition<string>["kind"];

/** A field that a list can be sorted by and, if it has a kind, filtered by. */
export interface ListField<Name extends string> {
  readonly field: Field<Name>;
  readonly kind?: Kind;
}

const KINDS = {
  filterString: "string",
  filterNumber: "number",
  filterBoolean: "boolean",
  filterStatus: "status",
  filterDate: "date",
  filterArray: "array",
  filterDuration: "duration",
} as const satisfies Record<WireCondition["$case"], Kind>;

// In the order of the numbers on the wire.
const STRING: readonly StringOperator[] = [
  "equal",
  "notEqual",
  "contains",
  "notContains",
  "startsWith",
  "endsWith",
];
const ORDER: readonly OrderOperator[] = [
  "equal",
  "notEqual",
  "less",
  "lessOrEqual",
  "greaterOrEqual",
  "greater",
];
const EQUALITY = ["equal", "notEqual"] as const;
const ARRAY = ["contains", "notContains"] as const;

function operatorOf<Operator>(operators: readonly Operator[], number: number, path: string) {
  const operator = operators[number];
  if (operator === undefined)
    throw invalid(`${path}.operator`, `is ${number}`, `0 to ${operators.length - 1}`);
  return operator;
}

function toTime({ value }: FilterDate, path: string): number | null {
  if (value === undefined) return null;
  const time = value.getTime();
  if (Number.isNaN(time)) throw invalid(`${path}.value`, "is no date", "a date, or none for never");
  return time;
}

function toStatus(value: number, statuses: readonly number[], path: string): number {
  if (!statuses.includes(value))
    throw invalid(`${path}.value`, `is ${value}`, `one of ${statuses.join(", ")}`);
  return value;
}

function kindOf<Name extends string>(
  wire: WireCondition | undefined,
  { field, kind }: ListField<Name>,
  path: string,
): WireCondition {
  const name = typeof field === "string" ? field : "an option";
  if (kind === undefined)
    throw invalid(`${path}.field`, `${name} cannot be compared`, "it can only be sorted by");
  if (wire === undefined)
    throw invalid(`${path}.value_condition`, "is missing", `give a ${kind} condition`);
  if (KINDS[wire.$case] !== kind)
    throw invalid(
      `${path}.value_condition`,
      `is a ${KINDS[wire.$case]} condition`,
      `${name} takes a ${kind} condition`,
    );
  return wire;
}

/** Checks that the condition fits its field, and reads it. */
export function toCondition<Name extends string>(
  wire: WireCondition | undefined,
  listField: ListField<Name>,
  { statuses, path }: { statuses: readonly number[]; path: string },
): Condition<Name> {
  const condition = kindOf(wire, listField, path);
  const { field } = listField;
  const { $case, value } = condition;
  const here = `${path}.${$case.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  const order = () => operatorOf(ORDER, value.operator, here);
  switch ($case) {
    case "filterString":
      return {
        kind: "string",
        field,
        operator: operatorOf(STRING, value.operator, here),
        value: value.value,
      };
    case "filterNumber":
      return { kind: "number", field, operator: order(), value: value.value };
    case "filterDate":
      return { kind: "date", field, operator: order(), value: toTime(value, here) };
    case "filterDuration":
      return {
        kind: "duration",
        field,
        operator: order(),
        value: value.value ? toMs(value.value) : null,
      };
    case "filterStatus":
      return {
        kind: "status",
        field,
        operator: operatorOf(EQUALITY, value.operator, here),
        value: toStatus(value.value, statuses, here),
      };
    case "filterBoolean":
      operatorOf(["is"], value.operator, here);
      return { kind: "boolean", field, value: value.value };
    case "filterArray":
      return {
        kind: "array",
        field,
        operator: operatorOf(ARRAY, value.operator, here),
        value: value.value,
      };
  }
}
