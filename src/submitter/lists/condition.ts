// Conditions of filters, from the wire: each kind of value with its operators, refused where unknown.
import { invalid } from "../../domain/errors.ts";
import type {
  ArrayOperator,
  Condition,
  EqualityOperator,
  Field,
  FieldsByKind,
  Kind,
  OrderOperator,
  StringOperator,
} from "../../domain/filter/conditions.ts";
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

/** A field that a list can be sorted by and, if it has a kind, filtered by. */
export interface ListField<Fields extends FieldsByKind> {
  readonly field: Field<Fields>;
  readonly kind: Kind | undefined;
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
const EQUALITY: readonly EqualityOperator[] = ["equal", "notEqual"];
const ARRAY: readonly ArrayOperator[] = ["contains", "notContains"];

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

function requireKind<Fields extends FieldsByKind>(
  wire: WireCondition | undefined,
  { field, kind }: ListField<Fields>,
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

/** What each condition has besides its field. */
type Comparison = Condition extends infer One
  ? One extends unknown
    ? Omit<One, "field">
    : never
  : never;

function toComparison(
  { $case, value }: WireCondition,
  statuses: readonly number[],
  path: string,
): Comparison {
  const here = `${path}.${$case.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  const operator = <Operator>(operators: readonly Operator[]) =>
    operatorOf(operators, value.operator, here);
  switch ($case) {
    case "filterString":
      return { kind: "string", operator: operator(STRING), value: value.value };
    case "filterNumber":
      return { kind: "number", operator: operator(ORDER), value: value.value };
    case "filterDate":
      return { kind: "date", operator: operator(ORDER), value: toTime(value, here) };
    case "filterDuration":
      return {
        kind: "duration",
        operator: operator(ORDER),
        value: value.value ? toMs(value.value) : null,
      };
    case "filterStatus":
      return {
        kind: "status",
        operator: operator(EQUALITY),
        value: toStatus(value.value, statuses, here),
      };
    case "filterBoolean":
      operator(["is"]);
      return { kind: "boolean", value: value.value };
    case "filterArray":
      return { kind: "array", operator: operator(ARRAY), value: value.value };
  }
}

/** Checks that the condition fits its field, and reads it. */
export function toCondition<Fields extends FieldsByKind>(
  wire: WireCondition | undefined,
  listField: ListField<Fields>,
  { statuses, path }: { statuses: readonly number[]; path: string },
): Condition<Fields> {
  const comparison = toComparison(requireKind(wire, listField, path), statuses, path);
  // It fits: the kinds were compared just now.
  return { ...comparison, field: listField.field } as Condition<Fields>;
}
