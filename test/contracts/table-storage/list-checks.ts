import fc from "fast-check";
import { expect } from "vitest";
import type {
  ArrayOperator,
  Condition,
  EqualityOperator,
  Field,
  FieldsByKind,
  Filter,
  Kind,
  OrderOperator,
  StringOperator,
} from "../../../src/domain/filter/conditions.ts";
import { kindOf, type List, type Value } from "../../../src/domain/filter/lists.ts";
import { comparator } from "../../../src/domain/filter/order.ts";
import { pageOf } from "../../../src/domain/filter/page.ts";
import type { ListQuery, Page } from "../../../src/domain/filter/query.ts";

/** A list, and the rows that a test put in; `scope` is true for these and for no others. */
export interface Listed<Row, Fields extends FieldsByKind> {
  readonly list: List<Row, Fields>;
  readonly scope: Condition<Fields>;
  readonly read: (query: ListQuery<Fields>) => Promise<Page<Row>>;
  readonly rows: readonly Row[];
  /** Fields besides those of the list's table. */
  readonly options?: readonly Field<Fields>[];
}

const TEXT: readonly StringOperator[] = [
  ...(["equal", "notEqual", "contains", "notContains", "startsWith", "endsWith"] as const),
];
const ORDER: readonly OrderOperator[] = [
  ...(["equal", "notEqual", "less", "lessOrEqual", "greaterOrEqual", "greater"] as const),
];
const EQUALITY: readonly EqualityOperator[] = ["equal", "notEqual"];
const ARRAY: readonly ArrayOperator[] = ["contains", "notContains"];

export const fieldsOf = <Row, Fields extends FieldsByKind>({
  list,
  options = [],
}: Listed<Row, Fields>): Field<Fields>[] => [
  ...(Object.keys(list.kinds) as Field<Fields>[]),
  ...options,
];

/** Interesting values around those that the rows hold. */
function around(kind: Kind | undefined, values: readonly Value[]): readonly unknown[] {
  const distinct = [...new Set(values.filter((value) => value !== undefined))];
  switch (kind) {
    case "string": {
      const texts = distinct.slice(0, 4).map(String);
      const parts = texts.flatMap((s) => [s.slice(0, 3), s.slice(1, -1), s.slice(-3)]);
      const wellFormed = parts.filter((part) => part.isWellFormed());
      return [...texts, ...wellFormed, ...texts.map((s) => s.toUpperCase()), "", "%", "_", "none"];
    }
    case "number":
      return [...distinct, ...distinct.map((n) => (n as number) + 0.5), 0];
    case "date":
    case "duration":
      return [...distinct, null, 0, 1e15];
    case "status":
      return [...distinct, 99];
    case "boolean":
      return [true, false];
    case "array":
      return [...new Set(distinct.flat()), "none"];
    case undefined:
      throw new Error("no such field");
  }
}

const operatorsOf = (kind: Kind | undefined): readonly (string | undefined)[] => {
  if (kind === "string") return TEXT;
  if (kind === "status") return EQUALITY;
  if (kind === "boolean") return [undefined];
  return kind === "array" ? ARRAY : ORDER;
};

/** All conditions on a field that the rows make interesting. */
export function conditionsOn<Row, Fields extends FieldsByKind>(
  { list, rows }: Listed<Row, Fields>,
  field: Field<Fields>,
): Condition<Fields>[] {
  const kind = kindOf(list, field);
  const values = around(
    kind,
    rows.map((row) => list.read(row, field)),
  );
  return operatorsOf(kind).flatMap((operator) =>
    values.map((value) => ({ kind, field, operator, value }) as Condition<Fields>),
  );
}

/** Asks for a page of the list within the scope, and compares it with what the query means. */
export async function checkQuery<Row, Fields extends FieldsByKind>(
  { list, scope, read, rows }: Listed<Row, Fields>,
  { filter, sort, page, pageSize }: ListQuery<Fields>,
): Promise<void> {
  const scoped = filter.length === 0 ? [[scope]] : filter.map((all) => [scope, ...all]);
  const answer = await read({ filter: scoped, sort, page, pageSize });
  const expected = pageOf(list, rows, { filter, sort, page, pageSize });
  const names = (some: readonly Row[]) =>
    some.map((row) => list.key.map((field) => list.read(row, field)));
  const hint = JSON.stringify({ filter, sort, page, pageSize });
  expect(names(answer.rows), hint).toEqual(names(expected.rows));
  expect(answer.total, hint).toBe(expected.total);
}

export const checkFilter = <Row, Fields extends FieldsByKind>(
  listed: Listed<Row, Fields>,
  filter: Filter<Fields>,
): Promise<void> =>
  checkQuery(listed, { filter, sort: [], page: 0, pageSize: listed.rows.length + 1 });

export async function checkField<Row, Fields extends FieldsByKind>(
  listed: Listed<Row, Fields>,
  field: Field<Fields>,
): Promise<void> {
  for (const condition of conditionsOn(listed, field)) await checkFilter(listed, [[condition]]);
}

/** Sorts by each field, both ways, and in pages that together are everything. */
export async function checkSorting<Row, Fields extends FieldsByKind>(
  listed: Listed<Row, Fields>,
): Promise<void> {
  const { list, scope, read, rows } = listed;
  const pageSize = Math.ceil(rows.length / 3);
  for (const field of fieldsOf(listed)) {
    for (const descending of [false, true]) {
      const query = { filter: [[scope]], sort: [{ field, descending }], pageSize };
      const pages = await Promise.all([0, 1, 2, 3].map((page) => read({ ...query, page })));
      expect(pages.map(({ total }) => total)).toEqual(pages.map(() => rows.length));
      const found = pages.flatMap((page) => page.rows);
      expect(found).toHaveLength(rows.length);
      expect(new Set(found)).toEqual(new Set(rows));
      // The order of arrays is the store's own.
      if (kindOf(list, field) === "array") continue;
      const expected = [...rows].sort(comparator(list, query.sort));
      expect(found, `sorted by ${JSON.stringify(field)}`).toEqual(expected);
    }
  }
}

/** Any query that the rows make interesting. */
function queriesOn<Row, Fields extends FieldsByKind>(
  listed: Listed<Row, Fields>,
): fc.Arbitrary<ListQuery<Fields>> {
  const fields = fieldsOf(listed);
  const conditions = fc.constantFrom(...fields.flatMap((field) => conditionsOn(listed, field)));
  const ordered = fields.filter((field) => kindOf(listed.list, field) !== "array");
  return fc.record({
    filter: fc.array(fc.array(conditions, { maxLength: 3 }), { maxLength: 4 }),
    sort: fc.array(fc.record({ field: fc.constantFrom(...ordered), descending: fc.boolean() }), {
      maxLength: 3,
    }),
    page: fc.nat(2),
    pageSize: fc.nat(listed.rows.length + 1),
  });
}

export const checkQueries = <Row, Fields extends FieldsByKind>(
  listed: Listed<Row, Fields>,
  numRuns: number,
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(queriesOn(listed), (query) => checkQuery(listed, query)),
    { numRuns },
  );
