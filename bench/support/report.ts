// The table that people read, on the terminal and in BENCHMARKS.md.

export interface Row {
  readonly work: string;
  /** Median, with its unit. */
  readonly figure: string;
  readonly yardstick: string;
  /** Figure over yardstick, or blank. */
  readonly ratio: string;
  /** Least and most over the runs. */
  readonly spread: string;
  readonly must: string;
  readonly met: boolean;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export const spread = (values: readonly number[], digits = 0): string =>
  `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;

const HEAD = ["work", "figure", "yardstick", "ratio", "spread", "must", "met"];

export const toMarkdown = (rows: readonly Row[]): string => {
  const lines = rows.map((row) =>
    [
      row.work,
      row.figure,
      row.yardstick,
      row.ratio,
      row.spread,
      row.must,
      row.met ? "yes" : "no",
    ].join(" | "),
  );
  return [HEAD.join(" | "), HEAD.map(() => "---").join(" | "), ...lines]
    .map((line) => `| ${line} |`)
    .join("\n");
};
