// The command `grid`. Every subcommand loads its own part of the product only when it is run.
import { type Command, InvalidArgumentError, Option, program } from "commander";
import { WORKER_AWAY } from "./exit-codes.ts";

const toPort = (text: string): number => {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("It must be a number from 0 to 65535; 0 = any free port.");
};

const toCount = (text: string): number => {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number from 1 to 999.");
};

const toNames = (text: string): string[] => {
  const names = text.split(",").map((name) => name.trim());
  if (names.every(Boolean) && new Set(names).size === names.length) return names;
  throw new InvalidArgumentError("It must be different names, separated by commas.");
};

/** Ends the process with a failure's exit code and the error's text: the rest is for logs. */
const orExplain =
  <A extends unknown[]>(action: (...args: A) => Promise<void>) =>
  async (...args: A): Promise<void> => {
    try {
      await action(...args);
    } catch (error) {
      process.stderr.write(`${explain(error)}\n`);
      process.exitCode = isWorkerAway(error) ? WORKER_AWAY : 1;
    }
  };

/** A folder that is not there or not ours, a full disk: where in our code says nothing to anybody. */
const isOfTheMachine = (error: object): boolean =>
  "syscall" in error || ("code" in error && error.code === "ERR_SQLITE_ERROR");

const isWorkerAway = (error: unknown): boolean =>
  error instanceof Error && error.name === "WorkerAwayError";

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (
    error.name === "StartError" ||
    isWorkerAway(error) ||
    /^(Invalid|Cannot)\b/.test(error.message)
  )
    return error.message;
  if (isOfTheMachine(error))
    return `Cannot start: ${error.message}. \`grid doctor\` tells which setting names it.`;
  return error.stack ?? error.message;
}

interface ConfigOption {
  readonly config?: string;
}

const CONFIG = [
  "--config <file>",
  "YAML; without it the file that ARMONIK_CONFIG names, if any",
] as const;

const ABOUT_SETTINGS = `
Variables such as Submitter__Port=5001 win over submitter.port in the file; docs/configuration.md
lists all settings, \`grid doctor\` checks them.`;

/** A process of a grid: it takes its settings from a file and the environment. */
const addRole = (
  grid: Command,
  { name, does }: { name: string; does: string },
  run: (file: string | undefined) => Promise<void>,
): void => {
  grid
    .command(name)
    .description(does)
    .option(...CONFIG)
    .addHelpText("after", ABOUT_SETTINGS)
    .action(async ({ config }: ConfigOption) => {
      await orExplain(run)(config);
      // All is settled. What is left may be connections of clients that never said anything, which
      // nobody can close for us and which would keep the process alive.
      process.exit();
    });
};

const addRoles = (grid: Command): void => {
  const submitter = { name: "submitter", does: "serve the interface of ArmoniK to clients" };
  addRole(grid, submitter, async (file) => {
    const { loadConfig } = await import("../config/index.ts");
    const { runSubmitter } = await import("./submitter.ts");
    await runSubmitter(loadConfig(file));
  });
  const orchestrator = {
    name: "orchestrator",
    does: "run the workflows of sessions and their activities",
  };
  addRole(grid, orchestrator, async (file) => {
    const { loadConfig } = await import("../config/index.ts");
    const { runOrchestrator } = await import("./orchestrator.ts");
    await runOrchestrator(loadConfig(file));
  });
  const agent = {
    name: "agent",
    does: "take tasks of one partition and give them to the worker beside it",
  };
  addRole(grid, agent, async (file) => {
    const { loadAgentConfig } = await import("../config/index.ts");
    const { runAgent } = await import("./agent.ts");
    await runAgent(loadAgentConfig(file));
  });
};

const addDev = (grid: Command): void => {
  grid
    .command("dev")
    .description("run a whole grid on this machine, with its own Temporal server and storage")
    .option("--port <port>", "port of ArmoniK's gRPC interface; 0 = any free one", toPort, 5_001)
    .option("--http-port <port>", "port of health checks and metrics", toPort, 5_002)
    .option("--ui-port <port>", "port of Temporal's user interface", toPort, 8_233)
    .option("--data <folder>", "keeps everything, for the next start too", ".grid")
    .option("--agents <count>", "agents of each partition, each with a worker", toCount, 2)
    .addOption(
      new Option("--partitions <names>", "separated by commas; the first is the default")
        .argParser(toNames)
        .default(["default"], "default"),
    )
    .option(
      "--worker <command>",
      "starts a worker, once for each agent; without it the built-in sample",
    )
    .option(
      "--shared-folder <folder>",
      "for the data of tasks; without it one in memory, and /cache/shared leads to it if it can",
    )
    .option(
      "--max-stopped <seconds>",
      "until a stopped process is killed and replaced",
      toCount,
      20,
    )
    .action(
      orExplain(async (options) => {
        const { readMachine } = await import("../config/machine.ts");
        const { runDev } = await import("./dev/run.ts");
        await runDev(options, readMachine());
      }),
    );
};

const addDoctor = (grid: Command): void => {
  grid
    .command("doctor")
    .description("check the configuration and every service that it names")
    .option(...CONFIG)
    .action(
      orExplain(async ({ config }: ConfigOption) => {
        const { readMachine } = await import("../config/machine.ts");
        const { runDoctor } = await import("./doctor/doctor.ts");
        // A connection that never came about would keep the process alive.
        process.exit((await runDoctor(config, readMachine())) ? 0 : 1);
      }),
    );
};

const addScheduling = (grid: Command): void => {
  grid
    .command("scheduling")
    .description("show what all roles of the grid schedule by, as stored at its first start")
    .option(...CONFIG)
    .option("--store", "store the scheduling that is configured here as the grid's")
    .action(
      orExplain(async ({ config, store = false }: ConfigOption & { store?: boolean }) => {
        const { loadConfig } = await import("../config/index.ts");
        const { runScheduling } = await import("./scheduling.ts");
        await runScheduling(loadConfig(config), { store });
      }),
    );
};

program.name("grid").description("ArmoniK on Temporal");
for (const add of [addRoles, addDev, addDoctor, addScheduling]) add(program);
await program.parseAsync();
