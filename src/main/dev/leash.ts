// Starts a program, ours or anybody's, so that it never outlives us.
//
//   L1. The program is the leader of a process group of its own: a Ctrl-C in the terminal does not
//       reach it, and a signal to the group reaches whatever it has started.
//   L2. When we are gone, however we died, the kernel closes our end of a pipe; a watcher in the
//       group sees it, sends SIGTERM to the group and, after the grace, SIGKILL.
//   L3. `gone` resolves after nothing of the group is left.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** The watcher is a shell and a `cat`, 2 MB together; the program replaces the outer shell. */
const LEASH = `
{ cat <&3 >/dev/null 2>&1; trap '' TERM; kill -TERM 0; sleep "$GRID_LEASH_GRACE"; kill -KILL 0; } &
unset GRID_LEASH_GRACE
exec "$@" 3<&-`;

const LEASH_GRACE_SECONDS = 8;
const LOOK_MS = 20;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Leashed {
  readonly pid: number;
  /** Ends with L3. */
  readonly gone: Promise<Exit>;
  /** To the program alone, or to all of its group. */
  signal(name: NodeJS.Signals, whom: "leader" | "group"): void;
}

export interface LeashOptions {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** File descriptor of the log. */
  readonly output: number;
  /** What the program has started may live on for so long after it. */
  readonly afterlifeMs: number;
}

/** Answers whether there was somebody to receive it. */
export function signalIfAlive(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

async function endGroup(pid: number, afterlifeMs: number): Promise<void> {
  const deadline = performance.now() + afterlifeMs;
  if (afterlifeMs > 0) signalIfAlive(-pid, "SIGTERM");
  while (performance.now() < deadline && signalIfAlive(-pid, 0)) await sleep(LOOK_MS);
  signalIfAlive(-pid, "SIGKILL");
}

/** @throws when the shell cannot be started; a program that cannot be ends with 126 or 127. */
export async function startLeashed(options: LeashOptions): Promise<Leashed> {
  const { command, env, output, afterlifeMs } = options;
  const child = spawn("/bin/sh", ["-c", LEASH, "grid-leash", ...command], {
    detached: true,
    env: { ...env, GRID_LEASH_GRACE: `${LEASH_GRACE_SECONDS}` },
    stdio: ["ignore", output, output, "pipe"],
  });
  // A pipe that breaks because the watcher was killed with its group is no event.
  child.stdio[3]?.on("error", () => undefined);
  await once(child, "spawn");
  const pid = child.pid ?? Number.NaN;
  const gone = once(child, "exit").then(async ([code, signal]): Promise<Exit> => {
    await endGroup(pid, afterlifeMs);
    child.stdio[3]?.destroy();
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
