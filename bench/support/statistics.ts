// Numbers of several rounds.

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** The least value that so many of 100 do not exceed. */
export const percentile = (values: readonly number[], percent: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN;
};

/** Three digits that count, all of them before the point: 12345, 123, 12.3, 1.23. */
export const digits = (value: number): string => {
  if (!Number.isFinite(value)) return "–";
  const after = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(after);
};

/** Least and most. */
export const spread = (values: readonly number[], format = digits): string =>
  values.length === 0 ? "–" : `${format(Math.min(...values))}–${format(Math.max(...values))}`;
