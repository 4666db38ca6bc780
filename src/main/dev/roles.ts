// The processes of a grid on one machine, and what each is told.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../config/environment.ts";
import type { ChildSpec } from "./child.ts";
import { askReadiness } from "./http-ready.ts";

export interface GridLayout {
  readonly dataFolder: string;
  readonly logs: string;
  readonly runFolder: string;
  /** For the data of tasks; of all agents and workers. */
  readonly sharedFolder: string;
  readonly temporalAddress: string;
  readonly port: number;
  readonly httpPort: number;
  readonly orchestratorHttpPort: number;
  readonly agents: readonly AgentLayout[];
  readonly partitions: readonly string[];
  /** Runs in a shell; without it the built-in sample serves. */
  readonly worker: string | undefined;
  /** Of the user: inherited by all. */
  readonly env: Environment;
  readonly compileCache: string;
}

export interface AgentLayout {
  /** 1, 2, 3… over all partitions. */
  readonly number: number;
  readonly partition: string;
  readonly httpPort: number;
}

const CLI = join(import.meta.dirname, "..", "cli.ts");
const SAMPLE_WORKER = join(import.meta.dirname, "../../../samples/typescript/worker.ts");

/**
 * The young generation grows to this at start and stays there: 16 MB by default, in each process.
 *
 * The old one has no limit of ours, since it would turn a large session into a crash.
 */
const NODE_FLAGS = ["--max-semi-space-size=4"];

/** Settings that are ours here: what the user's environment or file says would only half apply. */
const OURS = /^(ARMONIK_CONFIG$|(tableStorage|objectStorage|queue|computePlane)__)/i;

const storage = (path: string): Record<string, string> =>
  Object.fromEntries(
    ["TableStorage", "ObjectStorage", "Queue"].flatMap((port) => [
      [`${port}__Driver`, "embedded"],
      [`${port}__Path`, path],
    ]),
  );

const partitionEntries = (partitions: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    partitions.map((PartitionId, index) => [
      `InitServices__Partitioning__Partitions__${index}`,
      JSON.stringify({ PartitionId, PodMax: 100 }),
    ]),
  );

/** What every role is told. */
function sharedEnvironment(layout: GridLayout): Record<string, string | undefined> {
  const { env, dataFolder, temporalAddress, partitions, compileCache } = layout;
  const inherited = Object.entries(env).filter(([name]) => !OURS.test(name));
  return {
    ...Object.fromEntries(inherited),
    // Threads of the Temporal SDK would each keep an arena of freed memory.
    MALLOC_ARENA_MAX: "2",
    NODE_COMPILE_CACHE: compileCache,
    Submitter__DefaultPartition: partitions[0],
    Temporal__Address: temporalAddress,
    ...storage(dataFolder),
    ...partitionEntries(partitions),
  };
}

const role = (name: string): ChildSpec["command"] => [process.execPath, ...NODE_FLAGS, CLI, name];

function submitter(layout: GridLayout): ChildSpec {
  const { port, httpPort, logs } = layout;
  return {
    name: "submitter",
    address: `127.0.0.1:${port} (health http://127.0.0.1:${httpPort})`,
    command: role("submitter"),
    env: {
      ...sharedEnvironment(layout),
      Submitter__Host: "127.0.0.1",
      Submitter__Port: `${port}`,
      Submitter__HttpPort: `${httpPort}`,
    },
    logFile: join(logs, "submitter.log"),
    graceMs: 17_000,
    isReady: async () => (await askReadiness(httpPort)).ready,
  };
}

function orchestrator(layout: GridLayout): ChildSpec {
  const { orchestratorHttpPort: httpPort, logs } = layout;
  return {
    name: "orchestrator",
    address: `health http://127.0.0.1:${httpPort}`,
    command: role("orchestrator"),
    env: {
      ...sharedEnvironment(layout),
      Orchestrator__Host: "127.0.0.1",
      Orchestrator__HttpPort: `${httpPort}`,
    },
    logFile: join(logs, "orchestrator.log"),
    graceMs: 5_000,
    isReady: async () => (await askReadiness(httpPort)).ready,
  };
}

/** The names of an agent's and its worker's sockets in the run folder. */
export const socketNames = (number: number) => ({
  agentSocket: `agent-${number}.sock`,
  workerSocket: `worker-${number}.sock`,
});

function channels({ runFolder }: GridLayout, number: number) {
  const { agentSocket, workerSocket } = socketNames(number);
  return {
    ComputePlane__AgentChannel__Address: join(runFolder, agentSocket),
    ComputePlane__AgentChannel__SocketType: "unixdomainsocket",
    ComputePlane__WorkerChannel__Address: join(runFolder, workerSocket),
    ComputePlane__WorkerChannel__SocketType: "unixdomainsocket",
  };
}

const logOfWorker = ({ logs }: GridLayout, number: number): string =>
  join(logs, `worker-${number}.log`);

function agent(layout: GridLayout, { number, partition, httpPort }: AgentLayout): ChildSpec {
  const { sharedFolder, logs } = layout;
  const name = `agent-${number}`;
  return {
    name,
    address: `partition ${partition}, health http://127.0.0.1:${httpPort}`,
    command: role("agent"),
    env: {
      ...sharedEnvironment(layout),
      ...channels(layout, number),
      Pollster__PartitionId: partition,
      Pollster__SharedCacheFolder: sharedFolder,
      Pollster__WorkerLogFile: logOfWorker(layout, number),
      Pollster__Host: "127.0.0.1",
      Pollster__HttpPort: `${httpPort}`,
    },
    logFile: join(logs, `${name}.log`),
    graceMs: 12_000,
    isReady: async () => (await askReadiness(httpPort)).ready,
  };
}

function worker(layout: GridLayout, { number }: AgentLayout): ChildSpec {
  const { env, compileCache, runFolder } = layout;
  const name = `worker-${number}`;
  const address = channels(layout, number);
  const socket = join(runFolder, socketNames(number).workerSocket);
  return {
    name,
    address: socket,
    command: layout.worker
      ? ["/bin/sh", "-c", layout.worker]
      : [process.execPath, ...NODE_FLAGS, SAMPLE_WORKER],
    env: { ...env, ...address, ...(layout.worker ? {} : { NODE_COMPILE_CACHE: compileCache }) },
    logFile: logOfWorker(layout, number),
    graceMs: 3_000,
    wholeGroup: true,
    // Not every SDK clears its socket before it listens.
    prepare: () => rmSync(socket, { force: true }),
  };
}

/** Every process but Temporal's, by role. */
export const toRoles = (layout: GridLayout) => ({
  submitter: submitter(layout),
  orchestrator: orchestrator(layout),
  agents: layout.agents.map((one) => agent(layout, one)),
  workers: layout.agents.map((one) => worker(layout, one)),
});
