// `npm run bench -- --against <commit>`: this tree and another commit, side by side in one run.
import { checkOut } from "./support/checkout.ts";
import { ACCEPTED, toComparison } from "./support/compare.ts";
import { writeSection } from "./support/document.ts";
import { AGENTS } from "./support/grid.ts";
import { describeLoad, describeMachine } from "./support/machine.ts";
import { log, type Measurement, measure, type Series } from "./support/measure.ts";
import type { Scope } from "./support/scope.ts";
import { digits, median, spread } from "./support/statistics.ts";
import { toTable } from "./support/table.ts";
import { thisTree } from "./support/tree.ts";
import { count, FULL, type Work } from "./support/work.ts";
import { explainYardsticks, measureYardsticks, type Yardsticks } from "./yardsticks/yardsticks.ts";

export interface AgainstOptions {
  readonly commit: string;
  readonly works: readonly Work[];
  readonly rounds: number;
  readonly tasks: number;
  /** Measure the yardsticks too. */
  readonly floor: boolean;
  /** Into BENCHMARKS.md. */
  readonly write: boolean;
}

function yardsticksTable(yardsticks: Yardsticks, all: readonly Series[]): string {
  const rows = (["R", "F"] as const).flatMap((name) => {
    const value = median(yardsticks[name]);
    const rated = all.filter(({ target }) => target?.of === name);
    return [
      [`${name}, a second`, digits(value), spread(yardsticks[name]), ""],
      ...rated.map(({ title, values: [ours = [], theirs = []] }) => [
        title,
        `${(median(ours) / value).toFixed(2)} ${name}`,
        "",
        `${(median(theirs) / value).toFixed(2)} ${name}`,
      ]),
    ];
  });
  return `${toTable(["yardstick", "new", "spread", "old"], rows)}\n\n${explainYardsticks(AGENTS)}`;
}

async function measureAll(works: readonly Work[], measurement: Measurement): Promise<Series[]> {
  const all: Series[] = [];
  for (const work of works) {
    log(`${work.key} …`);
    all.push(...(await measure(work, measurement)));
  }
  return all;
}

const explain = (tasks: number, rounds: number): string => `
**How to read it.** *ratio* is the median of the rounds' ratios, each from two runs that were neighbours; above 1 the new tree is better, in whatever unit: new ÷ old where more is better (a second), old ÷ new where less is (ms, s, MiB). *spread* is least–most over ${rounds} ${rounds === 1 ? "round" : "rounds"}, of the ratios and of either tree's figures, which are medians. Below ${ACCEPTED} a row is marked; look at the spread before you believe it. Columns of different trees belong together, rows of different runs do not.

**Measured.** Two grids of \`grid dev\`, each started by its own tree's command with ${AGENTS} agents, embedded storage with synced writes and a Temporal server of its own, both up at the same time and driven in turns (ABBA) by the client and the no-op workers of the new tree, all on one machine. New grids for each work, which run it in a tenth of the size before it counts; a run begins when both grids are idle. CPU is that of all of a grid's processes, with what they started, until 2 s after the client was served. Start and memory are those of one grid alone.${tasks === FULL ? "" : ` Sizes are for ${count(tasks)} tasks instead of ${count(FULL)}.`}

**Not measured.** More than ${AGENTS} agents; several clients; any storage but the embedded one; tasks that compute or carry data; more than one machine. The other, idle grid takes a little of the machine from the one that works, the same for both.`;

export async function runAgainst(options: AgainstOptions, scope: Scope): Promise<void> {
  const { commit, works, rounds, tasks, floor, write } = options;
  const load = describeLoad();
  log(`load of the machine: ${load}`);
  const ours = thisTree();
  log(`setting up ${commit} …`);
  const theirs = await checkOut(commit, scope);
  const yardsticks = floor ? await measureYardsticks({ scope, rounds }, AGENTS) : undefined;
  const measurement = { scope, trees: [ours, theirs], rounds, tasks };
  const all = await measureAll(works, measurement);
  const tables = [toComparison(all, [ours.name, theirs.name])];
  if (yardsticks) tables.push(yardsticksTable(yardsticks, all));
  console.log(tables.join("\n\n"));
  if (!write) return;
  writeSection(
    "against",
    `## Side by side

Written by \`npm run bench -- --against ${theirs.name} --write\`; do not edit. Taken ${describeMachine()}, load before it ${load}.

${tables.join("\n\n")}
${explain(tasks, rounds)}
`,
  );
}
