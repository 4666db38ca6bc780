// Two trees' rounds as ratios.
import type { Series } from "./measure.ts";
import { digits, median, spread } from "./statistics.ts";
import { toTable } from "./table.ts";

/** A ratio below it is marked. */
export const ACCEPTED = 0.95;

export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * How much better the first tree is than the second: above 1 is better, whatever the unit.
 *
 * Of the rounds' own ratios: the two runs of a round are neighbours, so that what drifts from round
 * to round is in neither.
 */
export function ratioOf({ better, values: [ours = [], theirs = []] }: Series): Ratio {
  const ratios = ours.flatMap((one, round) => {
    const other = theirs[round];
    if (other === undefined) return [];
    return better === "more" ? one / other : other / one;
  });
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

const two = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : "–");

const toRow = (series: Series): string[] => {
  const { title, unit, values } = series;
  const [ours = [], theirs = []] = values;
  const ratio = ratioOf(series);
  return [
    title,
    two(ratio.median),
    `${two(ratio.least)}–${two(ratio.most)}`,
    `${digits(median(ours))} ${unit}`,
    spread(ours),
    `${digits(median(theirs))} ${unit}`,
    spread(theirs),
    ratio.median < ACCEPTED ? "**worse**" : "",
  ];
};

export const toComparison = (all: readonly Series[], [ours, theirs]: [string, string]): string =>
  toTable(
    ["work", "ratio", "spread", `new: ${ours}`, "spread", `old: ${theirs}`, "spread", ""],
    all.map(toRow),
  );
