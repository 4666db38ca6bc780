// What the system knows about a process, ours or not.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Of /proc/PID/stat, counted from behind the name, which may hold spaces. */
const STATE = 0;
const START_TIME = 19;

const onLinux = process.platform === "linux";

function statOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** When a process started, in the kernel's words; nothing if there is none. */
export function startOf(pid: number): string | undefined {
  try {
    if (!onLinux) {
      return execFileSync("ps", ["-o", "lstart=", "-p", `${pid}`], { encoding: "utf8" }).trim();
    }
    const fields = statOf(pid);
    // A zombie has ended; only its parent has not asked yet.
    return fields[STATE] === "Z" ? undefined : fields[START_TIME];
  } catch {
    return undefined; // No such process.
  }
}

/** Whether a signal keeps the process from running. Systems other than Linux are not asked. */
export function isStopped(pid: number): boolean {
  try {
    return onLinux && statOf(pid)[STATE] === "T";
  } catch {
    return false; // No such process.
  }
}

/**
 * All processes that were started with this in their environment (`NAME=value`): what a process
 * with it has started, directly or not, unless it cleared its environment. Only on Linux.
 */
export function bearersOf(variable: string): number[] {
  if (!onLinux) return [];
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => environmentOf(pid).includes(variable)).map(Number);
}

function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return []; // It has ended, or is somebody else's.
  }
}
