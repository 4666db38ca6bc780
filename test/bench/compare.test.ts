import { describe, expect, test } from "vitest";
import { ratioOf, toComparison } from "../../bench/support/compare.ts";
import type { Series } from "../../bench/support/measure.ts";
import { median, percentile } from "../../bench/support/statistics.ts";

const rate = (ours: number[], theirs: number[]): Series => ({
  title: "no-op",
  unit: "/s",
  better: "more",
  values: [ours, theirs],
});
const time = (ours: number[], theirs: number[]): Series => ({
  ...rate(ours, theirs),
  unit: "ms",
  better: "less",
});

describe("ratio of two trees", () => {
  test("is above 1 for the better one, whether more or less is better", () => {
    expect(ratioOf(rate([200], [100])).median).toBe(2);
    expect(ratioOf(time([200], [100])).median).toBe(0.5);
  });

  test("is not moved by what drifts from round to round", () => {
    expect(ratioOf(rate([100, 50, 200], [100, 50, 200]))).toEqual({
      median: 1,
      least: 1,
      most: 1,
    });
  });

  test("has the rounds' least and most beside the median", () => {
    expect(ratioOf(rate([100, 120, 90], [100, 100, 100]))).toEqual({
      median: 1,
      least: 0.9,
      most: 1.2,
    });
  });
});

describe("comparison", () => {
  const lastCell = (series: Series) =>
    toComparison([series], ["a", "b"]).split("\n")[2]?.split("|").at(-2)?.trim();

  test("marks what is below 0.95, and nothing else", () => {
    expect(lastCell(rate([94], [100]))).toBe("**worse**");
    expect(lastCell(time([100], [94]))).toBe("**worse**");
    expect(lastCell(rate([95], [100]))).toBe("");
    expect(lastCell(time([100], [300]))).toBe("");
  });

  test("shows both medians, and a dash where one tree has no figure", () => {
    const table = toComparison([rate([100, 300, 200], [])], ["a", "b"]);
    expect(table).toMatch(/\| 200 \/s +\| 100–300/);
    expect(table).toMatch(/\| – \/s +\| – /);
  });
});

describe("statistics", () => {
  test("the median of an even count lies between the middle two", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([3, 1, 2])).toBe(2);
    expect(median([7])).toBe(7);
  });

  test("a percentile is one of the values", () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(percentile(values, 99)).toBe(198);
    expect(percentile(values, 50)).toBe(100);
    expect(percentile([5], 99)).toBe(5);
  });
});
