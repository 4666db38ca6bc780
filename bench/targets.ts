// `npm run bench`: every figure of this tree against its target and the yardsticks of the same run.
import { writeSection } from "./support/document.ts";
import { AGENTS } from "./support/grid.ts";
import { describeMachine } from "./support/machine.ts";
import { measure, type Series } from "./support/measure.ts";
import type { Scope } from "./support/scope.ts";
import { digits, median, spread } from "./support/statistics.ts";
import { toTable } from "./support/table.ts";
import { thisTree } from "./support/tree.ts";
import type { Work } from "./support/work.ts";
import { LARGEST } from "./work/growth.ts";
import { explainYardsticks, measureYardsticks, type Yardsticks } from "./yardsticks/yardsticks.ts";

export interface TargetsOptions {
  readonly works: readonly Work[];
  readonly rounds: number;
  readonly tasks: number;
  /** Into BENCHMARKS.md. */
  readonly write: boolean;
}

const HEAD = ["work", "figure", "yardstick", "ratio", "spread", "must", "met"];

function toRow({ title, unit, better, target, values }: Series, yardsticks: Yardsticks): string[] {
  const [figures = []] = values;
  const figure = [title, `${digits(median(figures))} ${unit}`];
  const range = figures.length > 1 ? spread(figures) : "";
  if (!target) return [...figure, "", "", range, "", ""];
  const yardstick = target.of ? median(yardsticks[target.of]) : 1;
  const ratio = median(figures) / yardstick;
  const met = better === "more" ? ratio >= target.limit : ratio <= target.limit;
  return [
    ...figure,
    target.of ? `${target.of} = ${digits(yardstick)}/s` : "",
    target.of ? ratio.toFixed(2) : "",
    range,
    `${better === "more" ? "≥" : "≤"} ${target.limit} ${target.of ?? unit}`,
    met ? "yes" : "no",
  ];
}

export async function runTargets(options: TargetsOptions, scope: Scope): Promise<void> {
  const { works, rounds, tasks, write } = options;
  const yardsticks = await measureYardsticks({ scope, rounds }, AGENTS);
  const trees = [thisTree()];
  const all: Series[] = [];
  for (const work of works) {
    all.push(...(await measure(work, { scope, trees, rounds: work.extra ? 1 : rounds, tasks })));
  }
  const table = toTable(
    HEAD,
    all.map((series) => toRow(series, yardsticks)),
  );
  console.log(table);
  if (!write) return;
  writeSection(
    "targets",
    `## Against targets

Written by \`npm run bench\`; do not edit. Taken ${describeMachine()}, everything on one machine: client, submitter, orchestrator, Temporal server (SQLite), storage (embedded, synced writes), ${AGENTS} agents and ${AGENTS} no-op workers.

${table}

**Yardsticks**, same run. ${explainYardsticks(AGENTS)}

Figures are medians of ${rounds} runs, spread is least–most. Read the ratios: machines drift, yardsticks drift with them.

**Not measured:** sessions larger than ${LARGEST} (set BENCH_LARGEST); more than ${AGENTS} agents; several clients; any storage but the embedded one.
`,
  );
}
