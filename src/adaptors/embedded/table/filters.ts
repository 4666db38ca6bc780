// Turns a filter tree into a WHERE clause. Values are bound, never written into the text.
//
// A value that is absent is NULL in every expression: it equals null and nothing else, and no
// order holds for it.
import type { SQLInputValue } from "node:sqlite";
import type {
  Condition,
  Field,
  FieldsByKind,
  Filter,
  OrderOperator,
} from "../../../domain/filter/conditions.ts";

export interface Fragment {
  readonly sql: string;
  readonly params: readonly SQLInputValue[];
}

/** How the fields of a list are computed from its table. */
export interface Columns<Fields extends FieldsByKind> {
  /** SQL expressions. */
  readonly fields: Readonly<Record<Extract<Field<Fields>, string>, string>>;
  /** The free map that `{ option }` fields name: JSON and a path in it. */
  readonly options?: string;
}

const fragment = (sql: string, ...params: SQLInputValue[]): Fragment => ({ sql, params });

export function toExpression<Fields extends FieldsByKind>(
  field: Field<Fields>,
  columns: Columns<Fields>,
): Fragment {
  if (typeof field !== "string") {
    if (!columns.options) throw new Error("this list has no option fields");
    return fragment(
      `(SELECT value FROM json_each(${columns.options}) WHERE key = ?)`,
      field.option,
    );
  }
  const sql = (columns.fields as Readonly<Record<string, string>>)[field];
  if (sql === undefined) throw new Error(`this list has no field ${field}`);
  return fragment(sql);
}

const COMPARISON: Readonly<Record<OrderOperator, string>> = {
  equal: "IS ?",
  notEqual: "IS NOT ?",
  less: "< ?",
  lessOrEqual: "<= ?",
  greaterOrEqual: ">= ?",
  greater: "> ?",
};

function compare(left: Fragment, operator: OrderOperator, value: number | null): Fragment {
  // "Not later than never" means never as well.
  const orEqual = operator === "lessOrEqual" || operator === "greaterOrEqual";
  const sql = value === null && orEqual ? COMPARISON.equal : COMPARISON[operator];
  return fragment(`${left.sql} ${sql}`, ...left.params, value);
}

function matchString(
  left: Fragment,
  { operator, value }: Pick<Condition<FieldsByKind, "string">, "operator" | "value">,
): Fragment {
  const { sql, params } = left;
  switch (operator) {
    case "equal":
      return fragment(`${sql} IS ?`, ...params, value);
    case "notEqual":
      return fragment(`${sql} IS NOT ?`, ...params, value);
    case "contains":
      return fragment(`instr(${sql}, ?) > 0`, ...params, value);
    case "notContains":
      return fragment(`coalesce(instr(${sql}, ?), 0) = 0`, ...params, value);
    case "startsWith":
      return matchBytes(left, value, (length) => `1, ${length}`);
    case "endsWith":
      return matchBytes(left, value, (length) => `-${length}`);
  }
}

/** Substr and length of text end at the first NUL, those of bytes do not. */
function matchBytes({ sql, params }: Fragment, value: string, range: (length: number) => string) {
  // All text begins and ends so, and SQLite is given no bytes as NULL.
  if (value === "") return fragment(`${sql} IS NOT NULL`, ...params);
  const bytes = Buffer.from(value);
  return fragment(`substr(CAST(${sql} AS BLOB), ${range(bytes.length)}) = ?`, ...params, bytes);
}

function toCondition<Fields extends FieldsByKind>(
  condition: Condition<Fields>,
  columns: Columns<Fields>,
): Fragment {
  const left = toExpression(condition.field, columns);
  switch (condition.kind) {
    case "string":
      return matchString(left, condition);
    case "number":
    case "date":
    case "duration":
      return compare(left, condition.operator, condition.value);
    case "status":
      return compare(left, condition.operator, condition.value);
    case "boolean":
      return fragment(`${left.sql} IS ?`, ...left.params, condition.value ? 1 : 0);
    case "array": {
      const sql = `EXISTS (SELECT 1 FROM json_each(${left.sql}) WHERE value = ?)`;
      const not = condition.operator === "notContains" ? "NOT " : "";
      return fragment(`${not}${sql}`, ...left.params, condition.value);
    }
  }
}

const and = (parts: readonly Fragment[]): Fragment =>
  parts.length === 0
    ? fragment("TRUE")
    : fragment(
        parts.map(({ sql }) => `(${sql})`).join(" AND "),
        ...parts.flatMap(({ params }) => params),
      );

/** A balanced tree: SQLite refuses expressions deeper than 1,000, and a chain is as deep as long. */
function or(parts: readonly Fragment[]): Fragment {
  if (parts.length <= 1) return parts[0] ?? fragment("FALSE");
  const middle = parts.length >> 1;
  const left = or(parts.slice(0, middle));
  const right = or(parts.slice(middle));
  return fragment(`(${left.sql}) OR (${right.sql})`, ...left.params, ...right.params);
}

type Equality<Fields extends FieldsByKind> = Condition<Fields, "string">;

const isEquality = <Fields extends FieldsByKind>(one: Condition<Fields>): one is Equality<Fields> =>
  one.kind === "string" && one.operator === "equal";

interface Group<Fields extends FieldsByKind> {
  readonly field?: Field<Fields>;
  readonly values: string[];
  readonly others: readonly Condition<Fields>[];
}

const keyOf = <Fields extends FieldsByKind>(field: Field<Fields>): string => JSON.stringify(field);

/**
 * Clients ask for thousands of names at once: "A and id 1, or A and id 2, or…". These become "A and
 * the id is one of…": one parameter, of which SQLite takes 32,766, and one look-up a name.
 */
function joinEqual<Fields extends FieldsByKind>(filter: Filter<Fields>): Group<Fields>[] {
  const named = new Map<string, Set<string>>();
  for (const { field, value } of filter.flat().filter(isEquality)) {
    const values = named.get(keyOf(field)) ?? new Set();
    named.set(keyOf(field), values.add(value));
  }
  const variety = ({ field }: Equality<Fields>): number => named.get(keyOf(field))?.size ?? 0;
  const groups = new Map<string, Group<Fields>>();
  for (const [i, conditions] of filter.entries()) {
    const [name] = conditions.filter(isEquality).sort((a, b) => variety(b) - variety(a));
    const others = conditions.filter((condition) => condition !== name);
    const key = name ? JSON.stringify([name.field, others]) : `no name ${i}`;
    const group: Group<Fields> = groups.get(key) ?? {
      ...(name && { field: name.field }),
      values: [],
      others,
    };
    groups.set(key, group);
    if (name) group.values.push(name.value);
  }
  return [...groups.values()];
}

function isOneOf<Fields extends FieldsByKind>(
  { field, values }: Group<Fields>,
  columns: Columns<Fields>,
): Fragment[] {
  const [value, more] = values;
  if (field === undefined || value === undefined) return [];
  const { sql, params } = toExpression(field, columns);
  if (more === undefined) return [fragment(`${sql} IS ?`, ...params, value)];
  const list = JSON.stringify(values);
  return [fragment(`${sql} IN (SELECT value FROM json_each(?))`, ...params, list)];
}

export function toWhere<Fields extends FieldsByKind>(
  filter: Filter<Fields>,
  columns: Columns<Fields>,
): Fragment {
  if (filter.length === 0) return fragment("TRUE");
  return or(
    joinEqual(filter).map((group) => {
      const others = group.others.map((condition) => toCondition(condition, columns));
      return and([...isOneOf(group, columns), ...others]);
    }),
  );
}
