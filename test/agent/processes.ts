// Agents and workers as processes of their own, to be killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { TestGrid } from "./grid.ts";
import { PARTITION } from "./grid.ts";

export interface Sockets {
  readonly folder: string;
  readonly agentSocket: string;
  readonly workerSocket: string;
}

export function newSockets(grid: TestGrid): Sockets {
  const folder = mkdtempSync(join(grid.folder, "p-"));
  return { folder, agentSocket: join(folder, "a.sock"), workerSocket: join(folder, "w.sock") };
}

export interface Child extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** Ends the process, with SIGKILL unless told otherwise; resolves when it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

type Variables = Readonly<Record<string, string>>;

const start = (args: readonly string[], env: Variables): Child =>
  startProgram(process.execPath, args, env);

function startProgram(program: string, args: readonly string[], env: Variables): Child {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const gone = once(child, "exit");
  const end = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    child.kill(signal);
    await gone;
  };
  return { child, output: () => text, end, [Symbol.asyncDispose]: () => end() };
}

const here = (file: string): string => new URL(file, import.meta.url).pathname;

/** The product's own agent, on the grid's stores. */
export function startAgent(
  { folder: data }: TestGrid,
  { folder, agentSocket, workerSocket }: Sockets,
  env: Variables = {},
): Child {
  const cacheFolder = join(folder, "cache");
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(data, "data");
  const stores = ["TableStorage", "ObjectStorage", "Queue"].flatMap((section) => [
    [`${section}__Driver`, "embedded"],
    [`${section}__Path`, path],
  ]);
  return start([here("../../src/main/cli.ts"), "agent"], {
    ...Object.fromEntries(stores),
    Pollster__PartitionId: PARTITION,
    Pollster__SharedCacheFolder: cacheFolder,
    Pollster__HeartbeatMs: "100",
    ComputePlane__WorkerChannel__Address: workerSocket,
    ComputePlane__AgentChannel__Address: agentSocket,
    Log__Level: "debug",
    ...env,
  });
}

/** A worker that dies in each task it is given. */
export const startDeadlyWorker = ({ agentSocket, workerSocket }: Sockets): Child =>
  start([here("deadly-worker.ts"), workerSocket, agentSocket], {});

const LITTLE = 'ulimit -n 64; exec "$@"';

/** A worker with few file descriptors that falls ill in its task. */
export const startIllWorker = ({ workerSocket }: Sockets, illness: string): Child => {
  const program = [process.execPath, here("ill-worker.ts"), workerSocket, illness];
  return startProgram("/bin/sh", ["-c", LITTLE, "sh", ...program], {});
};
