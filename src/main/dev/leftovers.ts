import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessNote } from "./notes.ts";
import { signalIfAlive } from "./process-group.ts";

/** Field 22 of /proc/PID/stat, counted from behind the name, which may hold spaces. */
const START_TIME = 19;

/** When a process started, in the kernel's words; nothing if there is none. */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform !== "linux") {
      return execFileSync("ps", ["-o", "lstart=", "-p", `${pid}`], { encoding: "utf8" }).trim();
    }
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended; only its parent has not asked yet.
    return fields[0] === "Z" ? undefined : fields[START_TIME];
  } catch {
    return undefined; // No such process.
  }
}

export const toNote = (name: string, pid: number): ProcessNote => ({
  name,
  pid,
  started: startOf(pid) ?? "",
});

const PATIENCE_MS = 10_000;
const LOOK_MS = 50;

const lives = ({ pid, started }: ProcessNote): boolean =>
  started !== "" && startOf(pid) === started;

/**
 * Ends what an earlier `grid dev` left behind when it was killed: two Temporal servers on one
 * database, say, would not do. Never touches a process that only has the same number.
 */
export async function endLeftovers(
  notes: readonly ProcessNote[],
  tell: (text: string) => void,
): Promise<void> {
  const left = notes.filter(lives);
  if (left.length === 0) return;
  tell(`Ending what an earlier run left: ${left.map(({ name }) => name).join(", ")} …`);
  for (const { pid } of left) signalIfAlive(-pid, "SIGTERM");
  const deadline = performance.now() + PATIENCE_MS;
  while (left.some(lives) && performance.now() < deadline) await sleep(LOOK_MS);
  for (const { pid } of left.filter(lives)) signalIfAlive(-pid, "SIGKILL");
}
