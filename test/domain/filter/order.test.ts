import { describe, expect, it } from "vitest";
import type { ResultFields } from "../../../src/domain/filter/fields.ts";
import { RESULTS } from "../../../src/domain/filter/lists.ts";
import { comparator } from "../../../src/domain/filter/order.ts";
import type { Sort } from "../../../src/domain/filter/query.ts";
import { resultId } from "../../../src/domain/ids.ts";
import type { Result } from "../../../src/domain/result.ts";
import { resultIn, someSession } from "../../support/rows.ts";

const row = (id: string, change: Partial<Result>) =>
  resultIn(someSession(), { resultId: resultId(id), ...change });

const sorted = (rows: readonly Result[], ...sort: Sort<ResultFields>[]) =>
  rows.toSorted(comparator(RESULTS, sort)).map((one) => one.resultId);

describe("order of lists", () => {
  it("counts the first field most, each in its direction, and breaks ties by the id", () => {
    const rows = [
      row("d", { size: 1, name: "x" }),
      row("a", { size: 1, name: "x" }),
      row("c", { size: 1, name: "y" }),
      row("b", { size: 2, name: "x" }),
    ];
    const [size, name] = [{ field: "size" }, { field: "name" }] as const;
    const up = { descending: false };
    const down = { descending: true };
    expect(sorted(rows)).toEqual(["a", "b", "c", "d"]);
    expect(sorted(rows, { ...size, ...up })).toEqual(["a", "c", "d", "b"]);
    expect(sorted(rows, { ...size, ...down })).toEqual(["b", "d", "c", "a"]);
    expect(sorted(rows, { ...size, ...up }, { ...name, ...down })).toEqual(["c", "d", "a", "b"]);
    expect(sorted(rows, { ...name, ...down }, { ...size, ...up })).toEqual(["c", "a", "d", "b"]);
  });

  it("puts what is absent first, false before true, and text by its code points", () => {
    const field = (name: "completedAt" | "manualDeletion" | "name") =>
      ({ field: name, descending: false }) as const;
    const dates = [5, undefined, -1].map((completedAt, i) => row(`${i}`, { completedAt }));
    expect(sorted(dates, field("completedAt"))).toEqual(["1", "2", "0"]);
    const flags = [true, false].map((manualDeletion, i) => row(`${i}`, { manualDeletion }));
    expect(sorted(flags, field("manualDeletion"))).toEqual(["1", "0"]);
    // As UTF-16, the third is two surrogates, which come before the fourth.
    const texts = ["b", "B", "\u{1F600}", "\uFFFD", "ba", "\uD7FF"];
    const names = texts.map((name) => row(name, { name }));
    expect(sorted(names, field("name"))).toEqual(["B", "b", "ba", "\uD7FF", "\uFFFD", "\u{1F600}"]);
  });
});
