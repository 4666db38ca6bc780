import type { FieldsByKind } from "./conditions.ts";
import { matches } from "./evaluate.ts";
import type { List } from "./lists.ts";
import { comparator } from "./order.ts";
import type { ListQuery, Page } from "./query.ts";

/** What a list answers to a query when these are all of its rows: for lists that are short. */
export function pageOf<Row, Fields extends FieldsByKind>(
  list: List<Row, Fields>,
  rows: readonly Row[],
  { filter, sort, page, pageSize }: ListQuery<Fields>,
): Page<Row> {
  const found = rows.filter((row) => matches(list, filter, row)).sort(comparator(list, sort));
  const start = page * pageSize;
  return { rows: found.slice(start, start + pageSize), total: found.length };
}
