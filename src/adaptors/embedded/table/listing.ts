import type { ListQuery } from "../../../domain/filter.ts";
import { type Columns, type Fragment, toExpression, toWhere } from "./filters.ts";
import type { Store } from "./store.ts";

export interface Listing<Name extends string> extends Columns<Name> {
  readonly table: string;
  /** What each row has, in this order. */
  readonly columns: string;
  /** Breaks ties, so that a walk over pages is stable. */
  readonly key: string;
  /** What every reader must not see. */
  readonly visible?: string;
}

/** Rows of a walk that are read in one go, which is how long it blocks the process. */
export const WALK_PAGE = 1_000;

/** Runs a list query and answers rows as arrays; `narrowed` may restrict the rows that are looked at. */
export function listRows<Name extends string>(
  store: Store,
  listing: Listing<Name>,
  query: ListQuery<Name>,
  { narrowed, total }: { narrowed?: Fragment | undefined; total?: number | undefined } = {},
): { rows: unknown[]; total: number } {
  const where = toWhere(query.filter, listing);
  const conditions = [listing.visible, narrowed?.sql, where.sql].filter((sql) => sql !== undefined);
  const from = `FROM ${listing.table} WHERE ${conditions.map((sql) => `(${sql})`).join(" AND ")}`;
  const params = [...(narrowed?.params ?? []), ...where.params];

  const count = (): number => {
    const row = store.prepare(`SELECT count(*) AS total ${from}`).get(...params);
    return (row as { total: number }).total;
  };
  if (query.pageSize <= 0) return { rows: [], total: total ?? count() };

  const sort = toExpression(query.sort.field, listing);
  const direction = query.sort.descending ? "DESC" : "ASC";
  const order = `ORDER BY ${sort.sql} ${direction}, ${listing.key} ${direction}`;
  // Whole rows only of this page: to sort them all would take them all through memory.
  const statement = store.prepare(
    `SELECT ${listing.columns} FROM ${listing.table} WHERE ${listing.key} IN (
       SELECT ${listing.key} ${from} ${order} LIMIT ? OFFSET ?) ${order}`,
  );
  statement.setReturnArrays(true);
  const page = [query.pageSize, query.page * query.pageSize];
  const rows = statement.all(...params, ...sort.params, ...page, ...sort.params);
  return { rows, total: total ?? count() };
}
