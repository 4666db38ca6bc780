// What the system knows about a process, ours or not.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

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
