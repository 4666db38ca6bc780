/** A Temporal development server of a test's own, in a temporary folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readMachine } from "../../src/config/machine.ts";
import { findTemporalCli } from "../../src/main/dev/temporal-cli.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { openTemporal, type TemporalConnection } from "../../src/temporal/connection.ts";
import { prepareNamespace } from "../../src/temporal/namespace.ts";
import { installTemporalRuntime } from "../../src/temporal/runtime.ts";

export interface TestTemporal extends TemporalConnection {
  readonly address: string;
  /** Between the two the server is away, as after a crash. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

const QUIET = [() => {}, AbortSignal.timeout(60_000)] as const;

// Once per process, before the first connection.
installTemporalRuntime(createLogger({ level: "silent", role: "test" }));

type DynamicConfig = Readonly<Record<string, unknown>>;

const DEFAULTS: DynamicConfig = {
  "history.transferProcessorMaxPollRPS": 1_000,
  "matching.numTaskqueueReadPartitions": 1,
  "matching.numTaskqueueWritePartitions": 1,
};

const flags = (folder: string, port: number, config: DynamicConfig): string[] => [
  ...["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", `${port}`],
  ...["--log-level", "never", "--db-filename", join(folder, "temporal.db")],
  ...["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=OFF"],
  ...Object.entries({ ...DEFAULTS, ...config }).flatMap(([key, value]) => [
    "--dynamic-config-value",
    `${key}=${JSON.stringify(value)}`,
  ]),
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function program(): Promise<string> {
  const source = await findTemporalCli({ ...readMachine(), temporalAddress: undefined }, ...QUIET);
  if ("program" in source) return source.program;
  throw new Error("tests need a Temporal server of their own");
}

async function answering(address: string, server: ChildProcess): Promise<TemporalConnection> {
  for (;;) {
    try {
      const temporal = await openTemporal({ address, namespace: "default" });
      await prepareNamespace(temporal.connection, "default");
      return temporal;
    } catch (cause) {
      if (server.exitCode !== null) throw new Error("the Temporal server ended", { cause });
      await sleep(20);
    }
  }
}

export async function openTestTemporal(config: DynamicConfig = {}): Promise<TestTemporal> {
  const folder = await mkdtemp(join(tmpdir(), "temporal-"));
  const port = await freePort();
  const file = await program();
  const start = () => spawn(file, flags(folder, port, config), { stdio: "ignore" });
  let server = start();
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill("SIGKILL");
    await gone;
  };
  const address = `127.0.0.1:${port}`;
  const temporal = await answering(address, server);
  return {
    ...temporal,
    address,
    kill,
    async restart() {
      await kill();
      server = start();
    },
    async [Symbol.asyncDispose]() {
      await temporal[Symbol.asyncDispose]();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
