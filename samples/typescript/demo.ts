// `npm run demo`: starts a grid, has a portfolio valued on it, and tells what happened.

import { setTimeout as sleep } from "node:timers/promises";
import { Client, Connection } from "@temporalio/client";
import { Presets, SingleBar } from "cli-progress";
import { program } from "commander";
import { z } from "zod";
import { TaskStatus } from "../../src/gen/task_status.ts";
import type { TaskDetailed } from "../../src/gen/tasks_common.ts";
import { connect, type Grid, openSession, type Session } from "./client.ts";
import { type Addresses, openDevGrid } from "./dev-grid.ts";
import { DemoFailure } from "./failure.ts";
import { closedFormValue, PortfolioJob, PortfolioResult } from "./portfolio.ts";
import { countTasks, sessionReport, statusName, tasksOf } from "./session-report.ts";

/** By chance alone, a right value is farther off once in 16,000 times; with our seed it is not. */
const MAX_STANDARD_ERRORS = 4;
const FAILED: readonly TaskStatus[] = [TaskStatus.ERROR, TaskStatus.TIMEOUT, TaskStatus.CANCELLED];

const options = program
  .name("npm run demo --")
  .description("Has a portfolio of options valued on a grid of its own, and tells what happened.")
  .option("--pricings <count>", "options in the portfolio, a task each", Number, 2_000)
  .option("--paths <count>", "simulated for each of them", Number, 20_000)
  .option("--seed <number>", "fixes the options and the paths", Number, 1)
  .option("--keep", "leave the grid running until Ctrl-C", false)
  .parse()
  .opts<{ pricings: number; paths: number; seed: number; keep: boolean }>();

const amount = new Intl.NumberFormat("en", { maximumFractionDigits: 2, minimumFractionDigits: 2 });

async function main(signal: AbortSignal): Promise<void> {
  const job = readJob();
  console.log("Starting a grid…");
  await using devGrid = await openDevGrid(console.log, signal);
  const { addresses } = devGrid;
  using grid = connect(addresses.submitter);
  const session = await openSession(grid, { applicationName: "portfolio" });
  console.log(`Session ${session.id}, to be watched in Temporal's user interface while it runs:`);
  console.log(`${pageOf(addresses, session.id)}\n`);

  const result = await value(grid, session, job, signal);
  const isRight = compare(job, result);
  const tasks = await tasksOf(grid, session.id);
  const historyEvents = await historyLength(addresses, session.id);
  console.log(`\n${sessionReport(tasks, { agents: addresses.agents, historyEvents })}`);

  const failure = failureOf(tasks);
  if (failure) throw failure;
  if (!isRight) throw new DemoFailure("The portfolio's value is off.");

  await session.close();
  if (options.keep) {
    console.log(`\nThe grid stays until Ctrl-C, and with it the session's page in Temporal:`);
    console.log(pageOf(addresses, session.id));
    await Promise.race([devGrid.ended, untilAborted(signal)]);
  } else console.log("\nDone. `npm run demo -- --keep` leaves the grid, to look at the session.");
}

function readJob(): PortfolioJob {
  const { data, error } = PortfolioJob.safeParse({
    kind: "portfolio",
    pricings: options.pricings,
    paths: options.paths,
    seed: options.seed,
    market: { spot: 100, rate: 0.03, volatility: 0.2 },
  });
  if (error) throw new DemoFailure(z.prettifyError(error));
  return data;
}

/** One task is all that a client submits; it makes the others itself. */
async function value(
  grid: Grid,
  session: Session,
  job: PortfolioJob,
  signal: AbortSignal,
): Promise<PortfolioResult> {
  const payloadId = await session.upload("portfolio", Buffer.from(JSON.stringify(job)));
  const [answer = ""] = await session.createResults(["value of the portfolio"]);
  await session.submit([{ payloadId, outputs: [answer] }]);

  const done = new AbortController();
  const progress = showProgress(grid, { session, tasks: job.pricings + 2, signal: done.signal });
  try {
    await session.wait([answer], signal);
    // The data are there a moment before the task that made them is on record as completed.
    await Promise.race([progress, sleep(5_000, undefined, { ref: false })]);
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(await tasksOf(grid, session.id)) ?? error;
  } finally {
    done.abort();
    await progress;
  }
  return PortfolioResult.parse(JSON.parse(String(await session.download(answer))));
}

/** The failure that came first, as others may only follow from it. */
function failureOf(tasks: readonly TaskDetailed[]): DemoFailure | undefined {
  const failed = tasks
    .filter(({ status }) => FAILED.includes(status))
    .sort((a, b) => Number(a.endedAt) - Number(b.endedAt));
  if (!failed[0]) return undefined;
  const { id, status, output } = failed[0];
  const first = `the first was ${id}, ${statusName(status)}: ${output?.error}`;
  return new DemoFailure(`${failed.length} of ${tasks.length} tasks failed; ${first}`);
}

interface Progress {
  readonly session: Session;
  readonly tasks: number;
  readonly signal: AbortSignal;
}

/** Draws until all is done, or aborted. It may lag: results are waited for elsewhere. */
async function showProgress(grid: Grid, { session, tasks, signal }: Progress): Promise<void> {
  const format = "{bar} {percentage}% | {value}/{total} tasks | {duration} s";
  const bar = new SingleBar({ format, hideCursor: true, barsize: 30 }, Presets.shades_classic);
  bar.start(tasks, 0);
  let completed = 0;
  while (!signal.aborted && completed < tasks) {
    // A grid that does not answer is the wait's affair.
    const counts = await countTasks(grid, session.id).catch(() => undefined);
    completed = counts?.get(TaskStatus.COMPLETED) ?? completed;
    bar.update(completed);
    if (completed < tasks) await sleep(200, undefined, { signal }).catch(() => undefined);
  }
  bar.stop();
}

/** Prints both values; answers whether they agree. */
function compare(job: PortfolioJob, { value, standardError }: PortfolioResult): boolean {
  const exact = closedFormValue(job);
  const distance = (value - exact) / standardError;
  console.log(
    [
      `Value of ${job.pricings} positions, ${job.paths} paths each`,
      `  simulated    ${amount.format(value)}  (standard error ${amount.format(standardError)})`,
      `  closed form  ${amount.format(exact)}`,
      `  difference   ${distance.toFixed(2)} standard errors`,
    ].join("\n"),
  );
  return Math.abs(distance) <= MAX_STANDARD_ERRORS;
}

const pageOf = ({ ui, namespace, temporal }: Addresses, sessionId: string): string =>
  ui === ""
    ? `workflow session-${sessionId} in namespace ${namespace} of the server at ${temporal}`
    : `${ui}/namespaces/${namespace}/workflows/session-${sessionId}`;

/** Of the session's workflow: what all of its tasks together have cost Temporal. */
async function historyLength(
  { temporal, namespace }: Addresses,
  sessionId: string,
): Promise<number> {
  const connection = await Connection.connect({ address: temporal });
  try {
    const { workflow } = new Client({ connection, namespace });
    return (await workflow.getHandle(`session-${sessionId}`).describe()).historyLength;
  } finally {
    await connection.close();
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => interrupted.abort(new DemoFailure("Interrupted.")));
}
try {
  await main(interrupted.signal);
} catch (error) {
  const known = interrupted.signal.aborted ? interrupted.signal.reason : error;
  console.error(known instanceof DemoFailure ? known.message : known);
  process.exitCode = 1;
}
