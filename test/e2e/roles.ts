/** The roles of a grid as processes of their own, as a deployment starts them: no `grid dev`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { stringify } from "yaml";
import { readMachine } from "../../src/config/machine.ts";
import { askReadiness } from "../../src/main/dev/http-ready.ts";
import { findPorts } from "../../src/main/dev/ports.ts";
import { startGrid as startRole } from "../support/grid-command.ts";
import { openTestTemporal } from "../support/temporal-server.ts";
import { PROGRAMS } from "./client.ts";

export interface Roles extends AsyncDisposable {
  readonly endpoint: string;
  /** Tells all roles at once to stop; answers their exit codes. */
  stop(): Promise<Readonly<Record<string, number | null>>>;
  /** What the roles have written so far. */
  said(): readonly string[];
}

export interface RolesOptions {
  readonly orchestrators?: 1 | 2;
  /** What a role's environment has in addition. */
  readonly envOf?: (role: string) => Variables;
  /** Where workers note what they execute. */
  readonly executionsLog?: string;
}

type Variables = Readonly<Record<string, string>>;

/** One agent with its worker on sockets for the partition `default`, one on TCP for `tcp`. */
export async function startRoles(python: string, options: RolesOptions = {}): Promise<Roles> {
  const { orchestrators = 1, envOf = () => ({}), executionsLog } = options;
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "grid-e2e-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const { address } = opened.use(await openTestTemporal());
  const file = join(folder, "grid.yaml");
  await writeFile(file, toFile(folder, address));
  const ports = await findPorts(Array.from({ length: 8 }, () => ({ port: 0 })));
  const [submitterPort, submitterHttp, orchestratorHttp, otherHttp, ...ofAgents] =
    ports.map(String);
  const [http = "", tcpHttp = "", workerPort = "", agentPort = ""] = ofAgents;
  const roles = opened.use(createProcesses());
  const start = (name: string, env: Variables): void =>
    roles.add(
      name,
      startRole([name.split(" ")[0] ?? ""], {
        cwd: folder,
        env: { ARMONIK_CONFIG: file, ...env, ...envOf(name) },
      }),
    );
  const startAgent = (partition: string, httpPort: string, channels: Variables): void => {
    const noted = executionsLog ? { EXECUTIONS_LOG: executionsLog } : {};
    const env = { ...readMachine().env, ...channels, ...noted };
    const worker = spawn(python, [join(PROGRAMS, "worker.py")], { env, stdio: "pipe" });
    roles.add(`worker of ${partition}`, worker);
    start(`agent of ${partition}`, {
      Pollster__PartitionId: partition,
      Pollster__HttpPort: httpPort,
      Pollster__SharedCacheFolder: join(folder, `cache-${partition}`),
      ...channels,
    });
  };

  // In an order in which none finds those that it needs.
  startAgent("default", http, sockets(folder));
  startAgent("tcp", tcpHttp, tcp(workerPort, agentPort));
  const ofOrchestrators = [orchestratorHttp, otherHttp].slice(0, orchestrators);
  for (const [i, port] of ofOrchestrators.entries())
    start(i === 0 ? "orchestrator" : `orchestrator ${i + 1}`, {
      Orchestrator__HttpPort: `${port}`,
    });
  start("submitter", {
    Submitter__Port: `${submitterPort}`,
    Submitter__HttpPort: `${submitterHttp}`,
  });
  for (const one of [http, tcpHttp, ...ofOrchestrators, submitterHttp]) await roles.ready(`${one}`);
  const stack = opened.move();
  return {
    endpoint: `http://127.0.0.1:${submitterPort}`,
    stop: roles.stop,
    said: roles.said,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function createProcesses() {
  const children: Record<string, ChildProcess> = {};
  const said: string[] = [];
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
    const exit = once(child, "exit");
    if (child.kill(signal)) await exit;
    return child.exitCode;
  };
  return {
    add(name: string, child: ChildProcess): void {
      children[name] = child;
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (chunk: Buffer) => said.push(`${name}: ${chunk}`));
    },
    said: () => said,
    async ready(httpPort: string): Promise<void> {
      const ask = async () => {
        const { ready, says } = await askReadiness(Number(httpPort));
        if (!ready) throw new Error(`not ready: ${says}\n${said.slice(-50).join("")}`);
      };
      await vi.waitFor(ask, { timeout: 120_000, interval: 100 });
    },
    async stop(): Promise<Record<string, number | null>> {
      const roles = Object.entries(children).filter(([name]) => !name.startsWith("worker"));
      const codes = roles.map(async ([name, child]) => [name, await end(child, "SIGTERM")]);
      return Object.fromEntries(await Promise.all(codes));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(children).map((child) => end(child, "SIGKILL")));
    },
  };
}

/** What all roles share is in the file; the environment is what each has for itself, and wins. */
function toFile(folder: string, address: string): string {
  const storage = { driver: "embedded", path: join(folder, "data") };
  return stringify({
    temporal: { address },
    ...{ tableStorage: storage, objectStorage: storage, queue: storage },
    initServices: { partitioning: { partitions: [{ partitionId: "tcp", podMax: 1 }] } },
    submitter: { port: 1, httpPort: 2 },
    pollster: { graceDelayMs: 2_000 },
  });
}

const channels = (socketType: string, worker: string, agent: string): Variables => ({
  ComputePlane__WorkerChannel__Address: worker,
  ComputePlane__WorkerChannel__SocketType: socketType,
  ComputePlane__AgentChannel__Address: agent,
  ComputePlane__AgentChannel__SocketType: socketType,
});

const sockets = (folder: string): Variables =>
  channels("unixdomainsocket", join(folder, "worker.sock"), join(folder, "agent.sock"));

const tcp = (workerPort: string, agentPort: string): Variables =>
  channels("tcp", `http://127.0.0.1:${workerPort}`, `http://127.0.0.1:${agentPort}`);
