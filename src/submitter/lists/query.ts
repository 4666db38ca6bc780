// From a list request to the query that table drivers translate.
import { invalid } from "../../domain/errors.ts";
import type { FieldsByKind, Filter } from "../../domain/filter/conditions.ts";
import type { ListQuery } from "../../domain/filter/query.ts";
import { SortDirection } from "../../gen/sort_direction.ts";
import { type ListField, toCondition, type WireCondition } from "./condition.ts";

/** What is particular to one kind of list. */
export interface ListShape<WireField, Fields extends FieldsByKind> {
  /** Allowed in status conditions. */
  readonly statuses: readonly number[];
  /** @throws {GridError} INVALID_ARGUMENT when there is no such field. */
  toField(field: WireField, path: string): ListField<Fields>;
}

export interface WireFilters<WireField> {
  readonly or: readonly {
    readonly and: readonly {
      readonly field: WireField | undefined;
      readonly valueCondition: WireCondition | undefined;
    }[];
  }[];
}

interface ListRequest<WireField> {
  readonly page: number;
  readonly pageSize: number;
  readonly filters: WireFilters<WireField> | undefined;
  readonly sort: { readonly field: WireField | undefined; readonly direction: number } | undefined;
}

/** Rows beyond are never reached, and some stores cannot even count so far. */
const LARGEST_OFFSET = Number.MAX_SAFE_INTEGER;

const MOST_COMPARISONS = 10_000;

function fieldOf<WireField, Fields extends FieldsByKind>(
  field: WireField | undefined,
  shape: ListShape<WireField, Fields>,
  path: string,
): ListField<Fields> {
  if (field === undefined) throw invalid(path, "is missing", "name a field");
  return shape.toField(field, path);
}

/** Names may be any number; what else is compared is so for each row, and stores have limits. */
function requireFew<Fields extends FieldsByKind>(
  filter: Filter<Fields>,
  path: string,
): Filter<Fields> {
  let count = 0;
  for (const clause of filter)
    for (const one of clause) if (one.kind !== "string" || one.operator !== "equal") count += 1;
  if (count > MOST_COMPARISONS)
    throw invalid(
      path,
      `has ${count} conditions besides equalities of text`,
      `at most ${MOST_COMPARISONS}`,
    );
  return filter;
}

export const toFilter = <WireField, Fields extends FieldsByKind>(
  filters: WireFilters<WireField>,
  shape: ListShape<WireField, Fields>,
  path: string,
): Filter<Fields> => {
  const filter = filters.or.map(({ and }, i) =>
    and.map(({ field, valueCondition }, j) => {
      const here = `${path}.or[${i}].and[${j}]`;
      const listField = fieldOf(field, shape, `${here}.field`);
      return toCondition(valueCondition, listField, { statuses: shape.statuses, path: here });
    }),
  );
  return requireFew(filter, path);
};

/** @throws {GridError} INVALID_ARGUMENT naming the field, what is wrong and what is allowed. */
export function toQuery<WireField, Fields extends FieldsByKind>(
  { page, pageSize, filters, sort }: ListRequest<WireField>,
  shape: ListShape<WireField, Fields>,
): ListQuery<Fields> {
  if (page < 0) throw invalid("page", `is ${page}`, "0 or more");
  if (pageSize < 0) throw invalid("page_size", `is ${pageSize}`, "0 or more");
  if (!filters) throw invalid("filters", "is missing", "empty filters match everything");
  if (!sort) throw invalid("sort", "is missing", "give a field and a direction");
  if (sort.direction !== SortDirection.ASC && sort.direction !== SortDirection.DESC)
    throw invalid("sort.direction", `is ${sort.direction}`, "1 (ascending) or 2 (descending)");
  const { field } = fieldOf(sort.field, shape, "sort.field");
  return {
    filter: toFilter(filters, shape, "filters"),
    sort: [{ field, descending: sort.direction === SortDirection.DESC }],
    page,
    pageSize: page * pageSize > LARGEST_OFFSET ? 0 : pageSize,
  };
}
