// `npm run bench`: every figure and its yardsticks in one run, into bench/BENCHMARKS.md.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningGrid, startGrid } from "../test/e2e/grid.ts";
import { type BenchClient, openClient } from "./support/client.ts";
import { historyEvents } from "./support/history.ts";
import { cpuSeconds, residentMiB, residentOf } from "./support/processes.ts";
import { median, type Row, spread, toMarkdown } from "./support/report.ts";
import { children } from "./work/children.ts";
import { downloads } from "./work/downloads.ts";
import { costPerTask } from "./work/growth.ts";
import { levels } from "./work/levels.ts";
import { noOp } from "./work/no-op.ts";
import { roundTrips } from "./work/round-trip.ts";
import { submission } from "./work/submission.ts";
import { bareRate } from "./yardsticks/bare-rate.ts";
import { protocolFloor } from "./yardsticks/protocol-floor.ts";

const AGENTS = 2;
const RUNS = Number(process.env["BENCH_RUNS"] ?? 3);
const TASKS = 10_000;
/** Size of the session whose cost per task is held against that of sessions of 1,000. */
const LARGEST = Number(process.env["BENCH_LARGEST"] ?? 100_000);
const WORKER = new URL("support/no-op-worker.ts", import.meta.url).pathname;

const log = (line: string): void =>
  console.error(`${(performance.now() / 1_000).toFixed(0)} s ${line}`);

const repeat = async (name: string, work: () => Promise<number>): Promise<number[]> => {
  const values: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    values.push(await work());
    log(`${name}: ${values.at(-1)?.toFixed(1)}`);
  }
  return values;
};

const rated = (
  work: string,
  values: readonly number[],
  yardstick: { name: string; value: number },
  must: number,
): Row => {
  const ratio = median(values) / yardstick.value;
  return {
    work,
    figure: `${median(values).toFixed(0)}/s`,
    yardstick: `${yardstick.name} = ${yardstick.value.toFixed(0)}/s`,
    ratio: ratio.toFixed(2),
    spread: spread(values),
    must: `${must.toFixed(2)} ${yardstick.name}`,
    met: ratio >= must,
  };
};

const bounded = (
  work: string,
  value: number,
  { unit, must, spread: range = "" }: { unit: string; must: number; spread?: string },
): Row => ({
  work,
  figure: `${value.toFixed(1)} ${unit}`,
  yardstick: "",
  ratio: "",
  spread: range,
  must: `≤ ${must} ${unit}`,
  met: value <= must,
});

const temporalCpu = ({ pids }: { pids: Readonly<Record<string, number>> }): number =>
  cpuSeconds(
    Object.entries(pids)
      .filter(([name]) => /^(temporal|orchestrator)/.test(name))
      .map(([, pid]) => pid),
  );

const allCpu = ({ pids }: { pids: Readonly<Record<string, number>> }): number =>
  cpuSeconds(Object.values(pids));

/** CPU of Temporal's server and the orchestrator while no-op tasks run, and history events. */
async function temporalShare(grid: RunningGrid, client: BenchClient): Promise<Row[]> {
  const before = { temporal: temporalCpu(grid.facts()), all: allCpu(grid.facts()) };
  const own = process.cpuUsage();
  const sessions = await noOp(client, TASKS).then(() => client.sessionIds.at(-1) ?? "");
  const used = process.cpuUsage(own);
  const client_ = (used.user + used.system) / 1e6;
  const share =
    (temporalCpu(grid.facts()) - before.temporal) / (allCpu(grid.facts()) - before.all + client_);
  const events = await historyEvents(grid.facts().temporal, sessions);
  return [
    bounded(`Temporal: events per 1,000 of ${TASKS} tasks`, events / (TASKS / 1_000), {
      unit: "events",
      must: 50,
    }),
    bounded("Temporal: CPU of server and orchestrator, of all", share * 100, {
      unit: "%",
      must: 15,
    }),
  ];
}

/** One task that submits 10,000: seconds until all of them are on the queue. */
async function fanOut(client: BenchClient): Promise<Row> {
  const times = await repeat("children", () => children(client, TASKS));
  const [must, digits] = [3, 2];
  const range = spread(times, digits);
  const work = `one task submits ${TASKS} children: its end → all on the queue`;
  return bounded(work, median(times), { unit: "s", must, spread: range });
}

/** CPU per task of the grid's processes, sessions of 1,000 against one large one. */
async function growth(grid: RunningGrid, client: BenchClient): Promise<Row> {
  const cpu = () => allCpu(grid.facts());
  const small = await costPerTask(client, { size: 1_000, sessions: 20, cpu });
  const large = await costPerTask(client, { size: LARGEST, sessions: 1, cpu });
  log(`cost per task: ${small.toFixed(3)} ms, ${large.toFixed(3)} ms`);
  return {
    work: `CPU per task, one session of ${LARGEST}`,
    figure: `${large.toFixed(2)} ms`,
    yardstick: `sessions of 1000 = ${small.toFixed(2)} ms`,
    ratio: (large / small).toFixed(2),
    spread: "",
    must: "≤ 1.20",
    met: large / small <= 1.2,
  };
}

async function idle(grid: RunningGrid): Promise<Row> {
  await sleep(5_000);
  const { pids } = grid.facts();
  const children = residentMiB(Object.values(pids));
  // The supervisor shares its group with this bench: take it alone.
  const total = children + residentOf(grid.supervisor.pid ?? 0);
  return bounded(`memory of everything, idle, ${AGENTS} agents and workers`, total, {
    unit: "MiB",
    must: 1_024,
  });
}

async function measure(): Promise<Row[]> {
  const bare = await repeat("R", () => bareRate(2_000));
  const floor = await repeat("F", () => protocolFloor(AGENTS, 3_000));
  const R = { name: "R", value: median(bare) };
  const F = { name: "F", value: median(floor) };
  const started = performance.now();
  await using grid = await startGrid({ agents: AGENTS, worker: `${process.execPath} ${WORKER}` });
  const startSeconds = (performance.now() - started) / 1_000;
  log(`ready after ${startSeconds.toFixed(1)} s`);
  const memory = await idle(grid);
  const client = openClient(grid.facts().submitter);
  const times = await roundTrips(client, 200);
  log(`round trip ${median(times).toFixed(1)} ms`);
  await noOp(client, 1_000);
  const rows = [
    rated(
      "no-op tasks, one session of 10,000",
      await repeat("no-op", () => noOp(client, TASKS)),
      F,
      0.5,
    ),
    rated(
      "10,000 tasks in 100 levels",
      await repeat("levels", () => levels(client, 100, 100)),
      F,
      0.33,
    ),
    submissionRow(await repeat("submission", () => submission(client, 20_000))),
    rated(
      "10,000 small downloads, 16 in flight",
      await repeat("downloads", () => downloads(client, TASKS)),
      R,
      0.5,
    ),
    bounded("round trip on an idle grid, p50 of 200", median(times), { unit: "ms", must: 30 }),
    bounded("round trip on an idle grid, p99 of 200", times[197] ?? Number.NaN, {
      unit: "ms",
      must: 100,
    }),
    ...(await temporalShare(grid, client)),
    await fanOut(client),
    await growth(grid, client),
    bounded("grid dev, start to ready", startSeconds, { unit: "s", must: 10 }),
    memory,
  ];
  client.close();
  return rows;
}

const submissionRow = (values: readonly number[]): Row => ({
  work: "bulk submission, metadata only, calls of 1,000",
  figure: `${median(values).toFixed(0)} tasks/s`,
  yardstick: "",
  ratio: "",
  spread: spread(values),
  must: "≥ 15000 tasks/s",
  met: median(values) >= 15_000,
});

const rows = await measure();
const document = `# Benchmarks

Written by \`npm run bench\`; do not edit. Taken ${new Date().toISOString().slice(0, 10)} on ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), Node ${process.version}, everything on one machine: client, submitter, orchestrator, Temporal server (SQLite), storage (embedded, synced writes), ${AGENTS} agents and ${AGENTS} no-op workers.

${toMarkdown(rows)}

**Yardsticks**, same run. R: unary gRPC calls a second between two Node processes, 64 in flight. F: tasks a second when ${AGENTS} stand-in agents without storage drive the same ${AGENTS} workers through \`Worker/Process\` and \`Agent/NotifyResultData\` over the same kind of sockets, with files in the same kind of folder (in memory, where the machine has room).

Figures are medians of ${RUNS} runs, spread is least–most. Read the ratios: machines drift, yardsticks drift with them.

**Not measured:** sessions larger than ${LARGEST} (set BENCH_LARGEST); more than ${AGENTS} agents; several clients; any storage but the embedded one.
`;
writeFileSync(new URL("BENCHMARKS.md", import.meta.url), document);
console.log(toMarkdown(rows));
process.exit(0);
