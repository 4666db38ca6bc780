import { expect } from "vitest";
import type {
  Condition,
  Field,
  Filter,
  ListQuery,
  OrderOperator,
  Page,
  StringOperator,
} from "../../../src/domain/filter.ts";
import { matchesFilter, type Value, type Values } from "./evaluation.ts";

/** A list, and the rows that a test put in; `scope` is true for these and for no others. */
export interface Listed<Name extends string, Row> {
  readonly scope: Condition<Name>;
  /** The field that names a row. */
  readonly key: Name;
  readonly list: (query: ListQuery<Name>) => Promise<Page<Row>>;
  readonly rows: readonly Row[];
  readonly values?: Values<Name, Row>;
}

export type Kind = Condition<string>["kind"];

const TEXT: readonly StringOperator[] = [
  ...(["equal", "notEqual", "contains", "notContains", "startsWith", "endsWith"] as const),
];
const ORDER: readonly OrderOperator[] = [
  ...(["equal", "notEqual", "less", "lessOrEqual", "greaterOrEqual", "greater"] as const),
];

const valueIn = <Name extends string, Row>(
  { values }: Pick<Listed<Name, Row>, "values">,
  row: Row,
  field: Field<Name>,
): Value => (values ? values(row, field) : (row as Record<string, Value>)[field as string]);

/** Interesting values around those that the rows hold. */
function around(kind: Kind, values: readonly Value[]): readonly unknown[] {
  const distinct = [...new Set(values.filter((value) => value !== undefined))];
  switch (kind) {
    case "string": {
      const texts = distinct.slice(0, 4).map(String);
      const parts = texts.flatMap((s) => [s.slice(0, 3), s.slice(1, -1), s.slice(-3)]);
      return [...texts, ...parts, ...texts.map((s) => s.toUpperCase()), "", "%", "_", "no such"];
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
      return ["no such"];
  }
}

const operatorsOf = (kind: Kind): readonly (string | undefined)[] => {
  if (kind === "string") return TEXT;
  if (kind === "status") return ["equal", "notEqual"];
  if (kind === "boolean") return [undefined];
  return kind === "array" ? ["contains", "notContains"] : ORDER;
};

/** All conditions on a field that the rows make interesting. */
export function conditionsOn<Name extends string, Row>(
  listed: Listed<Name, Row>,
  kind: Kind,
  field: Field<Name>,
): Condition<Name>[] {
  const values = around(
    kind,
    listed.rows.map((row) => valueIn(listed, row, field)),
  );
  return operatorsOf(kind).flatMap((operator) =>
    values.map((value) => ({ kind, field, operator, value }) as Condition<Name>),
  );
}

/** Lists by the filter, within the scope, and compares with what it means. */
export async function checkFilter<Name extends string, Row>(
  listed: Listed<Name, Row>,
  filter: Filter<Name>,
): Promise<void> {
  const { scope, key, list, rows } = listed;
  const scoped = filter.length === 0 ? [[scope]] : filter.map((all) => [scope, ...all]);
  const sort = { field: key, descending: false };
  const page = await list({ filter: scoped, sort, page: 0, pageSize: rows.length + 1 });
  const names = (some: readonly Row[]) => some.map((row) => valueIn(listed, row, key)).sort();
  const expected = rows.filter((row) =>
    matchesFilter(filter, (field) => valueIn(listed, row, field)),
  );
  const hint = JSON.stringify(filter);
  expect(names(page.rows), hint).toEqual(names(expected));
  expect(page.total, hint).toBe(expected.length);
}

export async function checkField<Name extends string, Row>(
  listed: Listed<Name, Row>,
  kind: Kind,
  field: Field<Name>,
): Promise<void> {
  for (const condition of conditionsOn(listed, kind, field)) {
    await checkFilter(listed, [[condition]]);
  }
}

/** Absent values come before all others; boxed, since `sort` itself moves undefined to the end. */
function sorted(values: readonly Value[]): Value[] {
  const order = ([a]: [Value], [b]: [Value]): number => {
    if (a === b) return 0;
    if (a === undefined) return -1;
    return b === undefined || a > b ? 1 : -1;
  };
  return values
    .map((value): [Value] => [value])
    .sort(order)
    .map(([value]) => value);
}

/** Sorts by the field, both ways, and in pages that together are everything. */
export async function checkSorting<Name extends string, Row>(
  listed: Listed<Name, Row>,
  field: Field<Name>,
): Promise<void> {
  const { scope, list, rows } = listed;
  const pageSize = Math.ceil(rows.length / 3);
  for (const descending of [false, true]) {
    const query = { filter: [[scope]], sort: { field, descending }, pageSize };
    const pages = await Promise.all([0, 1, 2, 3].map((page) => list({ ...query, page })));
    expect(pages.map(({ total }) => total)).toEqual(pages.map(() => rows.length));
    const found = pages.flatMap((page) => page.rows);
    expect(found).toHaveLength(rows.length);
    expect(new Set(found)).toEqual(new Set(rows));
    const values = found.map((row) => valueIn(listed, row, field));
    const expected = descending ? sorted(values).reverse() : sorted(values);
    expect(values, `sorted by ${JSON.stringify(field)}`).toEqual(expected);
  }
}
