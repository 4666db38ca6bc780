// `npm run bench`: what it measures is chosen by its options.
import { InvalidArgumentError, program } from "commander";
import { ExplainedError } from "./support/explained-error.ts";
import { inScope, type Scope, StoppedError } from "./support/scope.ts";
import { FULL } from "./support/work.ts";
import { WORKS, worksOf } from "./works.ts";

interface Options {
  readonly against?: string;
  readonly only?: readonly string[];
  readonly rounds?: number;
  readonly tasks: number;
  readonly floor?: boolean;
  readonly write?: boolean;
}

/** What a shell answers for a program that was ended by Ctrl-C. */
const STOPPED = 130;

const toCount = (text: string): number => {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number from 1 on.");
};

const toKeys = (text: string): string[] => {
  const keys = text.split(",").map((key) => key.trim());
  try {
    worksOf(keys);
    return keys;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
};

/** Runs and ends the process: connections that never came about would keep it. */
async function finish(work: (scope: Scope) => Promise<void>): Promise<never> {
  try {
    await inScope(work);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof ExplainedError ? error.message : error);
    process.exit(error instanceof StoppedError ? STOPPED : 1);
  }
}

async function compare(commit: string, options: Options): Promise<never> {
  const { only, rounds = 5, tasks, floor = false, write = false } = options;
  const works = only ? worksOf(only) : WORKS.filter(({ extra }) => !extra);
  const { runAgainst } = await import("./against.ts");
  return await finish((scope) => runAgainst({ commit, works, rounds, tasks, floor, write }, scope));
}

async function measureTargets(options: Options): Promise<never> {
  const { only, rounds = Number(process.env["BENCH_RUNS"] ?? 3), tasks } = options;
  const works = only ? worksOf(only) : WORKS;
  // What is not whole must not replace what is.
  const write = only === undefined && tasks === FULL;
  const { runTargets } = await import("./targets.ts");
  return await finish((scope) => runTargets({ works, rounds, tasks, write }, scope));
}

async function forecast({ rounds = 5, write = false }: Options): Promise<never> {
  const { runLatency } = await import("./latency.ts");
  return await finish((scope) => runLatency({ rounds, write }, scope));
}

program
  .name("npm run bench --")
  .description(
    "Measures this tree against its targets, into bench/BENCHMARKS.md, or against another commit.",
  )
  .option("--against <commit>", "measure another commit side by side, and print ratios")
  .option("--only <works>", `of ${WORKS.map(({ key }) => key).join(", ")}`, toKeys)
  .option("--rounds <count>", "runs of each work (default: 5 against a commit, else 3)", toCount)
  .option("--tasks <count>", "tasks of one run: all sizes follow", toCount, FULL)
  .option("--floor", "against a commit: measure the yardsticks R and F as well")
  .option(
    "--write",
    "write a section of bench/BENCHMARKS.md, which a whole run against targets always does",
  )
  .action(async (options: Options) => {
    if (options.against) await compare(options.against, options);
    else await measureTargets(options);
  });
program
  .command("latency")
  .description("forecast for a remote store: each call of the stores takes a millisecond more")
  .action(async () => await forecast(program.opts<Options>()));
await program.parseAsync();
