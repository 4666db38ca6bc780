// `npm run bench -- latency`: what is to be expected of a store that is a network away.
import { agent } from "./forecast/agent.ts";
import { counted, delayed, type Forecast } from "./forecast/forecast.ts";
import { groupCommit } from "./forecast/group-commit.ts";
import { submission } from "./forecast/submit-tasks.ts";
import { writeSection } from "./support/document.ts";
import { describeLoad, describeMachine } from "./support/machine.ts";
import { log } from "./support/measure.ts";
import type { Scope } from "./support/scope.ts";
import { digits, median, spread } from "./support/statistics.ts";
import { toTable } from "./support/table.ts";

export interface LatencyOptions {
  readonly rounds: number;
  /** Into BENCHMARKS.md. */
  readonly write: boolean;
}

const FORECASTS = [submission, groupCommit, agent];
const LATENCY_MS = 1;
/** Runs that do not count: nothing is compiled yet. */
const WARM_UP = 3;

async function measure(forecast: Forecast, latencyMs: number, rounds: number) {
  const values = await forecast.run(delayed(latencyMs), WARM_UP + rounds);
  const counting = values.slice(WARM_UP);
  log(`${forecast.title}, ${latencyMs} ms: ${digits(median(counting))} ms`);
  return { ms: median(counting), spread: spread(counting) };
}

async function toRow(forecast: Forecast, rounds: number): Promise<string[]> {
  const { title, tasks, countable } = forecast;
  const here = await measure(forecast, 0, rounds);
  const away = await measure(forecast, LATENCY_MS, rounds);
  const [trips] = countable ? await forecast.run(counted, 1) : [];
  const rate = (ms: number) => digits((tasks * 1_000) / ms);
  return [
    title,
    ...[`${digits(here.ms)} ms`, here.spread, rate(here.ms)],
    ...[`${digits(away.ms)} ms`, away.spread, rate(away.ms)],
    (here.ms / away.ms).toFixed(2),
    trips === undefined ? "" : `${trips}`,
  ];
}

export async function runLatency({ rounds, write }: LatencyOptions, scope: Scope): Promise<void> {
  // What the grids of the tests keep there goes with the scope, then.
  process.env["TMPDIR"] = scope.folder("forecast");
  const load = describeLoad();
  log(`load of the machine: ${load}`);
  const rows: string[][] = [];
  for (const forecast of FORECASTS) rows.push(await toRow(forecast, rounds));
  const away = `${LATENCY_MS} ms away`;
  const head = ["work", "here", "spread", "tasks/s", away, "spread", "tasks/s", "ratio", "trips"];
  const table = toTable(head, rows);
  console.log(table);
  if (!write) return;
  writeSection(
    "latency",
    `## Forecast for a remote store

Written by \`npm run bench -- latency --write\`; do not edit. Taken ${describeMachine()}, load before it ${load}.

${table}

The embedded stores in one process, as they are (*here*), and with ${LATENCY_MS} ms before each call (*${away}*), which is at least what a store over a network takes, and what a timer of Node makes of it. Medians of ${rounds} runs, spread is least–most; *ratio* is here ÷ away. *trips*: calls of the stores that follow one another, however many are made together.

**Not measured:** what another store needs itself; its bandwidth; several agents and submitters, which wait side by side.
`,
  );
}
