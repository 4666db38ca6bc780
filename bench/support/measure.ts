// Measures works on one tree, or on several side by side.
//
//   M1. In each round each tree runs the work once, one after the other, and every other round
//       starts with the other end: what drifts on the machine, drifts for all.
//   M2. Grids are new for each work, so that figures do not depend on what was measured before. Each
//       tree has run it once, in a tenth of the size, before it counts.
//   M3. A process of a grid that died during a run fails the bench.
import { setTimeout as sleep } from "node:timers/promises";
import { ExplainedError } from "./explained-error.ts";
import { type BenchGrid, startGrid } from "./grid.ts";
import { untilQuiet } from "./quiet.ts";
import type { Scope } from "./scope.ts";
import { digits } from "./statistics.ts";
import type { Tree } from "./tree.ts";
import type { Figure, Measured, Work } from "./work.ts";

export interface Series extends Figure {
  /** Of each tree, a value a round. */
  readonly values: readonly (readonly number[])[];
}

export interface Measurement {
  readonly scope: Scope;
  readonly trees: readonly Tree[];
  readonly rounds: number;
  /** Of one run; see `FULL`. */
  readonly tasks: number;
}

type Run = (tree: number, tasks: number) => Promise<readonly Measured[]>;

/** A run that takes longer hangs. */
const LONGEST_MS = 10 * 60_000;

export const log = (line: string): void =>
  console.error(`${(performance.now() / 1_000).toFixed(0)} s ${line}`);

async function withinLimit<T>(work: Work, tree: Tree, running: Promise<T>): Promise<T> {
  if (work.extra) return await running;
  const end = new AbortController();
  const late = sleep(LONGEST_MS, undefined, { signal: end.signal }).then(() => {
    throw new ExplainedError(
      `${work.key} on ${tree.name} has not ended after ${LONGEST_MS / 60_000} min.`,
    );
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    end.abort();
    late.catch(() => undefined); // Aborted just now.
  }
}

const inOrder = <T>(items: readonly T[], round: number): [number, T][] => {
  const numbered = [...items.entries()];
  return round % 2 === 0 ? numbered : numbered.reverse();
};

async function runRounds(work: Work, { trees, rounds, tasks }: Measurement, run: Run) {
  const series = new Map<string, { figure: Figure; values: number[][] }>();
  for (let round = 0; round < rounds; round++) {
    for (const [index, tree] of inOrder(trees, round)) {
      const measured = await withinLimit(work, tree, run(index, tasks));
      const said = measured.map(({ value, unit }) => `${digits(value)} ${unit}`).join(", ");
      log(`${work.key} ${round + 1}/${rounds} ${tree.name}: ${said}`);
      for (const { value, ...figure } of measured) {
        const one = series.get(figure.title) ?? { figure, values: trees.map(() => []) };
        series.set(figure.title, one);
        one.values[index]?.push(value);
      }
    }
  }
  return [...series.values()].map(({ figure, values }): Series => ({ ...figure, values }));
}

async function startAll(trees: readonly Tree[], scope: Scope, stack: AsyncDisposableStack) {
  const grids: BenchGrid[] = [];
  for (const tree of trees) grids.push(stack.use(await startGrid(tree, scope)));
  return grids;
}

/** One work, a series for each of its figures. */
export async function measure(work: Work, measurement: Measurement): Promise<Series[]> {
  const { scope, trees, tasks } = measurement;
  if (work.on === "new grid") {
    const run: Run = async (index) => {
      const tree = trees[index] as Tree;
      return await work.run(() => startGrid(tree, scope));
    };
    for (const index of trees.keys()) await run(index, tasks);
    return await runRounds(work, measurement, run);
  }
  await using stack = new AsyncDisposableStack();
  const grids = await startAll(trees, scope, stack);
  const run: Run = async (index, size) => {
    const grid = grids[index] as BenchGrid;
    await untilQuiet(grids);
    const measured = await work.run(grid, size);
    grid.checkAlive();
    return measured;
  };
  if (!work.extra) for (const index of trees.keys()) await run(index, Math.ceil(tasks / 10));
  return await runRounds(work, measurement, run);
}
