// Everything that a run of the bench starts and leaves on disk.
//
//   B1. Whatever it started has ended when the scope has: on success, on failure, on Ctrl-C. A
//       second Ctrl-C kills instead of asking.
//   B2. What kills the bench itself (SIGKILL) does not spare its programs: a guard ends them.
//   B3. Nothing is started in a scope that is ending.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openGuard } from "../../src/main/dev/guard.ts";
import { listenToStopSignals } from "../../src/main/dev/stop-signals.ts";
import { ExplainedError } from "./explained-error.ts";
import { descendantsOf, isAlive } from "./processes.ts";

export interface Scope {
  /** Makes an empty folder, which goes with the scope; in the system's one for such, if not told. */
  folder(name: string, parent?: string): string;
  /** Starts a program in a process group of its own. */
  start(command: readonly [string, ...string[]], options: SpawnOptions): ChildProcess;
  /** Ends a program, and waits until it and all that it has started are gone. */
  end(program: ChildProcess): Promise<void>;
}

/** `grid dev` lets running tasks end first. */
const GRACE_MS = 30_000;
/** What a killed `grid dev` leaves is ended by its own guard, within this time. */
const REST_MS = 15_000;
const LOOK_MS = 20;

const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // Gone by now: all is well.
  }
}

async function endProgram(program: ChildProcess): Promise<void> {
  if (program.pid === undefined) return;
  const family = descendantsOf(program.pid);
  if (!hasEnded(program)) {
    const exit = once(program, "exit");
    signalGroup(program, "SIGTERM");
    const kill = setTimeout(() => signalGroup(program, "SIGKILL"), GRACE_MS);
    await exit;
    clearTimeout(kill);
  }
  const deadline = performance.now() + REST_MS;
  while (family.some(isAlive) && performance.now() < deadline) await sleep(LOOK_MS);
}

function openScope(kill: AbortSignal): Scope & AsyncDisposable {
  const folders: string[] = [];
  const guard = openGuard();
  const programs = new Set<ChildProcess>();
  let ending = false;
  const end = async (program: ChildProcess): Promise<void> => {
    await endProgram(program);
    programs.delete(program);
    if (program.pid !== undefined) guard.forget(program.pid);
  };
  kill.addEventListener("abort", () => {
    for (const program of programs) signalGroup(program, "SIGKILL");
  });
  return {
    folder(name, parent = tmpdir()) {
      const folder = mkdtempSync(join(parent, `grid-bench-${name}-`));
      folders.push(folder);
      return folder;
    },
    start([program, ...args], options) {
      if (ending) throw new Error("The bench is ending.");
      const child = spawn(program, args, { ...options, detached: true });
      programs.add(child);
      if (child.pid !== undefined) guard.watch(child.pid);
      return child;
    },
    end,
    async [Symbol.asyncDispose]() {
      ending = true;
      await Promise.all([...programs].map(end));
      await guard[Symbol.asyncDispose]();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Somebody told the bench to stop. */
export class StoppedError extends ExplainedError {}

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = () => reject(new StoppedError("Stopped."));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail);
  });

/**
 * Answers what `work` answers, after everything has ended.
 *
 * @throws {StoppedError} when somebody stops the bench.
 */
export async function inScope<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  // npm's shell does not hand SIGTERM on, but it dies of it.
  using signals = listenToStopSignals(process.env["npm_lifecycle_event"] !== undefined);
  await using scope = openScope(signals.kill);
  return await Promise.race([work(scope), whenAborted(signals.drain)]);
}
