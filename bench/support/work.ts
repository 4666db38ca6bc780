// What the bench measures: a work is a file in bench/work/, which answers one or more figures.
import type { BenchGrid } from "./grid.ts";

/** Tasks of a run in full size. All other sizes follow from it. */
export const FULL = 10_000;

/** What `npm run bench` holds a figure against. */
export interface Target {
  /** At least, or at most where less is better. */
  readonly limit: number;
  /** In units of a yardstick of the same run. */
  readonly of?: "R" | "F";
}

export interface Figure {
  /** The same in each run. */
  readonly title: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly target?: Target;
}

export interface Measured extends Figure {
  readonly value: number;
}

interface Common {
  /** For `--only`. */
  readonly key: string;
  /** Takes long: measured once, warms up by itself, and is compared only when it is named. */
  readonly extra?: true;
}

/** Needs a grid that runs; several rounds are measured on the same one. */
interface OnRunningGrid extends Common {
  readonly on: "running grid";
  run(grid: BenchGrid, tasks: number): Promise<readonly Measured[]>;
}

/** Starts grids itself; no other one runs meanwhile. */
interface OnNewGrid extends Common {
  readonly on: "new grid";
  run(start: () => Promise<BenchGrid>): Promise<readonly Measured[]>;
}

export type Work = OnRunningGrid | OnNewGrid;

/** 10,000 rather than 10000. */
export const count = (value: number): string => value.toLocaleString("en-US");
