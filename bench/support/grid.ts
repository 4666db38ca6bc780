// A grid of some tree, started by that tree's own `grid dev`, and measured from outside.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchClient, openClient } from "./client.ts";
import { ExplainedError } from "./explained-error.ts";
import { cpuSeconds, descendantsOf, type Memory, memoryOf } from "./processes.ts";
import type { Scope } from "./scope.ts";
import type { Tree } from "./tree.ts";

export const AGENTS = 2;

/** This tree's own, whichever grid it works for: it must not find itself in one tree's cache only. */
const WORKER = `exec env NODE_DISABLE_COMPILE_CACHE=1 ${process.execPath} ${join(import.meta.dirname, "no-op-worker.ts")}`;

interface Facts {
  readonly submitter: string;
  readonly temporal: string;
  readonly pids: Readonly<Record<string, number>>;
}

export interface BenchGrid extends AsyncDisposable {
  readonly tree: Tree;
  readonly client: BenchClient;
  /** From the command to "grid ready". */
  readonly startMs: number;
  /** Where the Temporal server listens. */
  readonly temporal: string;
  /** CPU seconds so far of all its processes, or of those of the named roles. */
  cpuSeconds(...roles: readonly string[]): number;
  /** By role; `grid dev` is the supervisor with its guard. */
  memory(): Readonly<Record<string, Memory>>;
  /** @throws when a process of the grid is not the one that it was at the start. */
  checkAlive(): void;
}

/** `agent-2` is an agent. */
const roleOf = (child: string): string => child.replace(/-\d+$/, "");

const command = (root: string, data: string): [string, ...string[]] => [
  ...([join(root, "node_modules/.bin/node"), join(root, "src/main/cli.ts"), "dev"] as const),
  ...["--data", data, "--port", "0", "--http-port", "0", "--ui-port", "0"],
  ...["--agents", `${AGENTS}`, "--worker", WORKER],
];

function memoryByRole(supervisor: number, pids: Facts["pids"]): Record<string, Memory> {
  const groups = new Map<string, number[]>();
  const rest = new Set(descendantsOf(supervisor));
  for (const [child, pid] of Object.entries(pids)) {
    const family = descendantsOf(pid);
    const role = roleOf(child);
    groups.set(role, [...(groups.get(role) ?? []), ...family]);
    for (const member of family) rest.delete(member);
  }
  groups.set("grid dev", [...rest]);
  return Object.fromEntries([...groups].map(([role, family]) => [role, memoryOf(family)]));
}

/** @throws when it ends before it is ready, with what it said. */
export async function startGrid(tree: Tree, scope: Scope): Promise<BenchGrid> {
  const { root } = tree;
  const data = scope.folder("data");
  const started = performance.now();
  const supervisor = scope.start(command(root, data), {
    cwd: root,
    // As `npm run grid` sets it.
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, ".cache/compiled") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes("grid ready")) resolve();
    };
    supervisor.stdout?.on("data", hear);
    supervisor.stderr?.on("data", hear);
    supervisor.once("error", reject);
    supervisor.once("exit", (code) =>
      reject(new ExplainedError(`grid dev of ${tree.name} ended (${code}):\n${said}`)),
    );
  });
  const startMs = performance.now() - started;
  const pid = supervisor.pid ?? 0;
  const facts = (): Facts => JSON.parse(readFileSync(join(data, "grid.json"), "utf8")) as Facts;
  const { submitter, temporal, pids } = facts();
  const client = openClient(submitter);
  return {
    tree,
    client,
    startMs,
    temporal,
    cpuSeconds: (...roles) =>
      roles.length === 0
        ? cpuSeconds([pid])
        : cpuSeconds(
            Object.entries(pids).flatMap(([child, one]) =>
              roles.includes(roleOf(child)) ? [one] : [],
            ),
          ),
    memory: () => memoryByRole(pid, pids),
    checkAlive() {
      const now = facts().pids;
      const other = Object.keys(pids).filter((child) => now[child] !== pids[child]);
      if (other.length === 0) return;
      throw new ExplainedError(
        `${other.join(", ")} of ${tree.name} died and was started again:\n${said.slice(-2_000)}`,
      );
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await scope.end(supervisor);
    },
  };
}
