// A filter of a subscription, evaluated in memory: events are many, conditions mostly ids.
import type {
  Condition,
  Field,
  Filter,
  OrderOperator,
  StringOperator,
} from "../../domain/filter.ts";

type Value = string | number | boolean | null | readonly string[];

/** How to look at a row. */
export interface View<Row, Name extends string> {
  /** The field that identifies a row. */
  readonly id: Name;
  read(row: Row, field: Field<Name>): Value;
}

export interface Matcher<Row> {
  /** The only ids that can match, when the filter names them; undefined = any may. */
  readonly ids: ReadonlySet<string> | undefined;
  /** Answers from the id alone; undefined = the row must be seen. */
  byId(id: string): boolean | undefined;
  matches(row: Row): boolean;
}

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
  if (operator === "notEqual") return value !== wanted;
  return operator !== "less" && operator !== "greater" && value === wanted;
}

export function holds<Name extends string>(condition: Condition<Name>, value: Value): boolean {
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

type Clause<Name extends string> = readonly Condition<Name>[];

/** The id, if the clause is nothing but "this row". */
function idOf<Name extends string>(clause: Clause<Name>, id: Name): string | undefined {
  const [only, more] = clause;
  if (more || only?.kind !== "string" || only.field !== id) return undefined;
  return only.operator === "equal" ? only.value : undefined;
}

/** Compiles the filter; clauses that name a row are looked up, however many there are. */
export function toMatcher<Row, Name extends string>(
  filter: Filter<Name>,
  { id, read }: View<Row, Name>,
): Matcher<Row> {
  const everything = filter.length === 0 || filter.some((clause) => clause.length === 0);
  const ids = new Set<string>();
  const clauses: Clause<Name>[] = [];
  for (const clause of filter) {
    const named = idOf(clause, id);
    if (named === undefined) clauses.push(clause);
    else ids.add(named);
  }
  const byId = (rowId: string): boolean | undefined => {
    if (everything || ids.has(rowId)) return true;
    return clauses.length === 0 ? false : undefined;
  };
  return {
    ids: everything || clauses.length > 0 ? undefined : ids,
    byId,
    matches: (row) =>
      byId(String(read(row, id))) ??
      clauses.some((clause) => clause.every((one) => holds(one, read(row, one.field)))),
  };
}

/**
 * Leaves out clauses that cannot match in this session, and conditions that always do; undefined
 * if nothing is left that could match.
 */
export function withinSession<Name extends string>(
  filter: Filter<Name | "sessionId">,
  sessionId: string,
): Filter<Name | "sessionId"> | undefined {
  const possible = filter
    .filter((clause) => clause.every((one) => one.field !== "sessionId" || holds(one, sessionId)))
    .map((clause) => clause.filter((one) => one.field !== "sessionId"));
  return filter.length > 0 && possible.length === 0 ? undefined : possible;
}
