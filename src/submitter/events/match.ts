// A filter of a subscription, compiled: events are many, conditions mostly ids.
import type { Condition, Field, FieldsByKind, Filter } from "../../domain/filter/conditions.ts";
import { holds, matchesAll } from "../../domain/filter/evaluate.ts";
import type { List } from "../../domain/filter/lists.ts";

export interface Matcher<Row> {
  /** The only ids that can match, when the filter names them; undefined = any may. */
  readonly ids: ReadonlySet<string> | undefined;
  /** Answers from the id alone; undefined = the row must be seen. */
  byId(id: string): boolean | undefined;
  matches(row: Row): boolean;
}

type Clause<Fields extends FieldsByKind> = readonly Condition<Fields>[];

/** The id, if the clause is nothing but "this row". */
function idOf<Fields extends FieldsByKind>(
  clause: Clause<Fields>,
  id: Field<Fields> | undefined,
): string | undefined {
  const [only, more] = clause;
  if (more || only?.kind !== "string" || only.field !== id) return undefined;
  return only.operator === "equal" ? only.value : undefined;
}

/** Compiles the filter; clauses that name a row are looked up, however many there are. */
export function toMatcher<Row, Fields extends FieldsByKind>(
  filter: Filter<Fields>,
  list: List<Row, Fields>,
): Matcher<Row> {
  const [id] = list.key;
  const everything = filter.length === 0 || filter.some((clause) => clause.length === 0);
  const ids = new Set<string>();
  const clauses: Clause<Fields>[] = [];
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
      byId(String(list.read(row, id))) ?? clauses.some((clause) => matchesAll(list, clause, row)),
  };
}

/**
 * Leaves out clauses that cannot match in this session, and conditions that always do; undefined
 * if nothing is left that could match.
 */
export function withinSession<Fields extends FieldsByKind>(
  filter: Filter<Fields>,
  sessionId: string,
): Filter<Fields> | undefined {
  const possible = filter
    .filter((clause) => clause.every((one) => one.field !== "sessionId" || holds(one, sessionId)))
    .map((clause) => clause.filter((one) => one.field !== "sessionId"));
  return filter.length > 0 && possible.length === 0 ? undefined : possible;
}
