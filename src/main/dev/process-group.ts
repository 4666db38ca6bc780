// A program with all that it starts.
//
//   PG1. The program leads a process group of its own: a Ctrl-C in the terminal does not reach it,
//       and a signal to the group reaches whatever it has started.
//   PG2. The guard knows of it from its first moment to its last.
//   PG3. `gone` resolves after everything of the group has ended.
//   PG4. What has left the group, for a session of its own, is known by a variable that it inherited,
//       and is killed when the group is gone.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Guard, MARK } from "./guard.ts";
import { bearersOf } from "./process-state.ts";
import { reasonOf } from "./start-error.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessGroup {
  /** Nothing if the program could not be started. */
  readonly pid: number | undefined;
  readonly gone: Promise<Exit>;
  /** To the program alone, or to all of its group. */
  signal(name: NodeJS.Signals, whom: "leader" | "group"): void;
}

export interface ProcessGroupOptions {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** File descriptor of the log. */
  readonly output: number;
  /** What the program has started may live on for this long after it. */
  readonly afterlifeMs: number;
  readonly guard: Guard;
}

/** What a shell answers for a program that is there and cannot be run. */
export const CANNOT_RUN = 126;
const LOOK_MS = 20;

/** Answers whether there was somebody to receive it. */
export function signalIfAlive(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

interface Rest {
  readonly pid: number;
  readonly afterlifeMs: number;
  /** A variable that all of the program's descendants have, as `NAME=value`. */
  readonly mark: string;
}

async function endRest({ pid, afterlifeMs, mark }: Rest): Promise<void> {
  const deadline = performance.now() + afterlifeMs;
  if (afterlifeMs > 0) signalIfAlive(-pid, "SIGTERM");
  while (performance.now() < deadline && signalIfAlive(-pid, 0)) await sleep(LOOK_MS);
  signalIfAlive(-pid, "SIGKILL");
  for (const stray of bearersOf(mark)) signalIfAlive(stray, "SIGKILL");
}

export function startGroup(options: ProcessGroupOptions): ProcessGroup {
  const { command, env, output, afterlifeMs, guard } = options;
  const [program, ...args] = command;
  const id = `${guard.mark}.${randomUUID()}`;
  const child = spawn(program, args, {
    detached: true,
    env: { ...env, [MARK]: id },
    stdio: ["ignore", output, output],
  });
  const { pid } = child;
  if (pid === undefined) return neverStarted(once(child, "spawn"), output);
  guard.watch(pid);
  const gone = once(child, "exit").then(async ([code, signal]): Promise<Exit> => {
    await endRest({ pid, afterlifeMs, mark: `${MARK}=${id}` });
    guard.forget(pid);
    return { code, signal };
  });
  return {
    pid,
    gone,
    signal: (name, whom) => {
      signalIfAlive(whom === "group" ? -pid : pid, name);
    },
  };
}

/** Leaves the reason in the log, where that of a shell would be. */
const neverStarted = (spawned: Promise<unknown>, output: number): ProcessGroup => ({
  pid: undefined,
  gone: spawned.then(
    () => ({ code: CANNOT_RUN, signal: null }),
    (error: unknown) => {
      writeSync(output, `${reasonOf(error)}\n`);
      return { code: CANNOT_RUN, signal: null };
    },
  ),
  signal: () => undefined,
});
