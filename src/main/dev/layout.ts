// Decides where everything of a grid on one machine is: folders, sockets, ports.
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { settingOf } from "../../config/environment.ts";
import type { Machine } from "../../config/machine.ts";
import type { CrewSpecs } from "./child-processes.ts";
import type { DataFolder } from "./data-folder.ts";
import { findMemoryFolder, SHARED_MEMORY } from "./memory-folder.ts";
import type { NoteBook } from "./notes.ts";
import { findPorts, somebodyListens } from "./ports.ts";
import { type GridLayout, socketNames, toRoles } from "./roles.ts";
import { makeRunFolder, removeStaleRunFolders } from "./run-folder.ts";
import { openSharedFolder, type SharedFolder } from "./shared-folder.ts";
import { StartError } from "./start-error.ts";
import type { TemporalSource } from "./temporal-cli.ts";
import { temporalServer } from "./temporal-server.ts";

/** Types are stripped once, not at each start of each process: 0.2 s and 20 MB less for each. */
const COMPILE_CACHE = join(import.meta.dirname, "../../../.cache/compiled");

export interface DevOptions {
  readonly port: number;
  readonly httpPort: number;
  readonly uiPort: number;
  /** Of each partition. */
  readonly agents: number;
  readonly partitions: readonly string[];
  readonly worker?: string | undefined;
  readonly data: string;
  /** For the data of tasks; see `openSharedFolder`. */
  readonly sharedFolder?: string | undefined;
  /** In seconds: see `Supervision`. */
  readonly maxStopped: number;
}

export interface Dependencies {
  readonly options: DevOptions;
  readonly machine: Machine;
  readonly data: DataFolder;
  readonly notes: NoteBook;
  readonly source: TemporalSource;
}

export interface Plan {
  readonly specs: CrewSpecs;
  readonly layout: GridLayout;
  readonly sharedFolder: SharedFolder;
  /** None where Temporal is not ours. */
  readonly ui: string | undefined;
}

async function checkAnswers(address: string): Promise<void> {
  const [host = "", port = ""] = address.split(/:(?=\d+$)/);
  // Brackets are for addresses of IPv6.
  const where = { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  if (await somebodyListens(where)) return;
  throw new StartError(
    `No Temporal server answers at ${address}, which TEMPORAL_ADDRESS names: start it, or unset the variable.`,
  );
}

async function choosePorts({ options, notes, source }: Dependencies) {
  const count = options.agents * options.partitions.length;
  const ours = "program" in source;
  const [port = 0, httpPort = 0, uiPort = 0, temporal = 0, orchestrator = 0, ...agents] =
    await findPorts([
      { port: options.port, flag: "--port" },
      { port: options.httpPort, flag: "--http-port" },
      ours ? { port: options.uiPort, flag: "--ui-port" } : { port: 0 },
      { port: notes.notes.temporalPort ?? 0 },
      { port: 0 },
      ...Array.from({ length: count }, () => ({ port: 0 })),
    ]);
  if (ours) notes.add({ temporalPort: temporal });
  return { port, httpPort, uiPort, temporal, orchestrator, agents };
}

async function chooseRunFolder({ options, data }: Dependencies): Promise<string> {
  await removeStaleRunFolders([SHARED_MEMORY, tmpdir()]);
  const { agentSocket, workerSocket } = socketNames(options.agents * options.partitions.length);
  const longestName = agentSocket.length > workerSocket.length ? agentSocket : workerSocket;
  return makeRunFolder({
    dataFolder: data.path,
    longestName,
    memoryFolder: findMemoryFolder(),
    temporaryFolder: tmpdir(),
  });
}

/** @throws {StartError} for whatever is not as it must be. */
export async function makePlan(dependencies: Dependencies): Promise<Plan> {
  const { options, machine, data, source } = dependencies;
  if ("address" in source) await checkAnswers(source.address);
  const ports = await choosePorts(dependencies);
  const runFolder = await chooseRunFolder(dependencies);
  const given = options.sharedFolder ?? settingOf(machine.env, "Pollster__SharedCacheFolder");
  const sharedFolder = openSharedFolder({ given: given && resolve(given), runFolder });
  const layout: GridLayout = {
    dataFolder: data.path,
    logs: data.logs,
    runFolder,
    sharedFolder: sharedFolder.path,
    temporalAddress: "address" in source ? source.address : `127.0.0.1:${ports.temporal}`,
    port: ports.port,
    httpPort: ports.httpPort,
    orchestratorHttpPort: ports.orchestrator,
    agents: ports.agents.map((httpPort, index) => ({
      number: index + 1,
      partition: options.partitions[Math.floor(index / options.agents)] ?? "",
      httpPort,
    })),
    partitions: options.partitions,
    worker: options.worker,
    env: machine.env,
    compileCache: resolve(machine.env["NODE_COMPILE_CACHE"] || COMPILE_CACHE),
  };
  const temporal =
    "program" in source
      ? temporalServer({
          program: source.program,
          databaseFile: join(data.path, "temporal.db"),
          port: ports.temporal,
          uiPort: ports.uiPort,
          logFile: join(data.logs, "temporal.log"),
          env: machine.env,
        })
      : undefined;
  const ui = temporal && `http://127.0.0.1:${ports.uiPort}`;
  return { specs: { temporal, ...toRoles(layout) }, layout, sharedFolder, ui };
}
