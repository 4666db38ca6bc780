import type { FieldsByKind, Filter } from "../../../domain/filter/conditions.ts";
import type { ListQuery, Sort } from "../../../domain/filter/query.ts";
import { type Columns, type Fragment, toExpression, toWhere } from "./filters.ts";
import type { Store } from "./store.ts";

export interface Listing<Fields extends FieldsByKind> extends Columns<Fields> {
  readonly table: string;
  /** What each row has, in this order. */
  readonly columns: string;
  /** The columns of the key, which breaks ties. */
  readonly key: string;
  /** What every reader must not see. */
  readonly visible?: string;
}

/** Rows of a walk that are read in one go, which is how long it blocks the process. */
export const WALK_PAGE = 1_000;

/** Rows among which are all that a filter matches. */
export interface Source {
  /** May name an index. */
  readonly table: string;
  readonly where: Fragment;
}

export interface ListOptions {
  /** Where to look for the rows, if SQLite should not choose. */
  readonly source?: Source | undefined;
  /** If it is known. */
  readonly total?: number | undefined;
}

/** Runs a list query and answers rows as arrays. */
export function listRows<Fields extends FieldsByKind>(
  store: Store,
  listing: Listing<Fields>,
  query: ListQuery<Fields>,
  { source, total }: ListOptions = {},
): { rows: unknown[]; total: number } {
  const { sql, params } = toFrom(listing, query.filter, source);
  const count = (): number => {
    const row = store.prepare(`SELECT count(*) AS total ${sql}`).get(...params);
    return (row as { total: number }).total;
  };
  if (query.pageSize <= 0) return { rows: [], total: total ?? count() };

  const order = toOrder(query.sort, listing);
  // Whole rows only of this page: to sort them all would take them all through memory.
  const statement = store.prepare(
    `SELECT ${listing.columns} FROM ${listing.table} WHERE (${listing.key}) IN (
       SELECT ${listing.key} ${sql} ${order.sql} LIMIT ? OFFSET ?) ${order.sql}`,
  );
  statement.setReturnArrays(true);
  const page = [query.pageSize, query.page * query.pageSize];
  const rows = statement.all(...params, ...order.params, ...page, ...order.params);
  return { rows, total: total ?? count() };
}

/** The FROM and WHERE clauses of a list. */
export function toFrom<Fields extends FieldsByKind>(
  listing: Listing<Fields>,
  filter: Filter<Fields>,
  source?: Source,
): Fragment {
  const where = toWhere(filter, listing);
  const parts = [source?.where.sql, listing.visible, where.sql].filter((sql) => sql !== undefined);
  return {
    sql: `FROM ${source?.table ?? listing.table} WHERE ${parts.map((part) => `(${part})`).join(" AND ")}`,
    params: [...(source?.where.params ?? []), ...where.params],
  };
}

/** The ORDER BY clause of a list. */
export function toOrder<Fields extends FieldsByKind>(
  sort: readonly Sort<Fields>[],
  listing: Listing<Fields>,
): Fragment {
  const direction = ({ descending }: { descending: boolean }) => (descending ? "DESC" : "ASC");
  const terms = sort.map((one) => {
    const { sql, params } = toExpression(one.field, listing);
    return { sql: `${sql} ${direction(one)}`, params };
  });
  const ties = direction(sort.at(-1) ?? { descending: false });
  const key = listing.key.split(",").map((column) => `${column} ${ties}`);
  return {
    sql: `ORDER BY ${[...terms.map(({ sql }) => sql), ...key].join(", ")}`,
    params: terms.flatMap(({ params }) => params),
  };
}
