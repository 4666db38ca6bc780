// The order in which lists come.
//
//   FO1. What is absent comes before everything, false before true, text by its code points.
//   FO2. Lists of names (kind `array`) come in an order of the store's own.
//   FO3. Ties are broken by the row's key, in the direction of the last field.
import type { FieldsByKind } from "./conditions.ts";
import type { List, Value } from "./lists.ts";
import type { Sort } from "./query.ts";

/** UTF-16 puts characters beyond U+FFFF, which are two surrogates, before U+E000 to U+FFFF. */
const rankOf = (unit: number): number => {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
};

function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rankOf(a.charCodeAt(i)) - rankOf(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareValues(a: Value, b: Value): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "object" || typeof b === "object") return 0;
  return Number(a) - Number(b);
}

/** For `sort` and the like. */
export const comparator = <Row, Fields extends FieldsByKind>(
  list: List<Row, Fields>,
  sort: readonly Sort<Fields>[],
): ((a: Row, b: Row) => number) => {
  const descending = sort.at(-1)?.descending ?? false;
  const fields = [...sort, ...list.key.map((field) => ({ field, descending }))];
  return (a, b) => {
    for (const { field, descending: down } of fields) {
      const difference = compareValues(list.read(a, field), list.read(b, field));
      if (difference !== 0) return down ? -difference : difference;
    }
    return 0;
  };
};
