/** A whole grid for an end-to-end test: `grid dev` on a folder of its own, every role a process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

export interface GridOptions {
  readonly agents?: number;
  /** Shell command of each worker; the built-in sample if absent. */
  readonly worker?: string;
  /** Use this folder, and leave it; a new one that goes with the grid if absent. */
  readonly data?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of `grid dev`. */
  readonly args?: readonly string[];
}

interface Facts {
  readonly submitter: string;
  readonly health: string;
  readonly temporal: string;
  readonly pids: Readonly<Record<string, number>>;
}

export interface RunningGrid extends AsyncDisposable {
  readonly data: string;
  /** What the SDKs take as endpoint. */
  readonly endpoint: string;
  readonly supervisor: ChildProcess;
  /** As of now: a child that was started again has another pid. */
  facts(): Facts;
  /** The process id of `agent-1`; undefined while there is none. */
  pid(child: string): number | undefined;
  /** What `agent-1` has written, its earlier processes of this start included. */
  logOf(child: string): string;
}

export async function startGrid(options: GridOptions = {}): Promise<RunningGrid> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), "grid-e2e-")));
  const ports = ["--port", "0", "--http-port", "0", "--ui-port", "0"];
  const worker = options.worker ? ["--worker", options.worker] : [];
  const agents = ["--agents", `${options.agents ?? 2}`];
  const supervisor = spawn(
    process.execPath,
    [
      ...[join(ROOT, "src/main/cli.ts"), "dev", "--data", data, ...ports, ...agents, ...worker],
      ...(options.args ?? []),
    ],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...options.env } },
  );
  let said = "";
  const ready = new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes("grid ready")) resolve();
    };
    supervisor.stdout.on("data", hear);
    supervisor.stderr.on("data", hear);
    supervisor.once("exit", (code) => reject(new Error(`grid dev ended (${code}):\n${said}`)));
  });
  await ready;
  const facts = (): Facts => JSON.parse(readFileSync(join(data, "grid.json"), "utf8")) as Facts;
  return {
    data,
    endpoint: `http://${facts().submitter}`,
    supervisor,
    facts,
    pid: (child) => facts().pids[child],
    logOf: (child) => readFileSync(join(data, "logs", `${child}.log`), "utf8"),
    async [Symbol.asyncDispose]() {
      if (supervisor.exitCode === null && supervisor.signalCode === null) {
        supervisor.kill("SIGTERM");
        await once(supervisor, "exit");
      }
      if (!options.data) await rm(data, { recursive: true, force: true });
    },
  };
}

/** Runs a Python program of this folder; rejects with what it said when it fails. */
export const runPython = (
  python: string,
  program: string,
  args: readonly string[],
): Promise<string> => runProgram(python, [join(import.meta.dirname, "programs", program), ...args]);

/** Answers what the program printed. */
export async function runProgram(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${said}`);
  return said;
}
