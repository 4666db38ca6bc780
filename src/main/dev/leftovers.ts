import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessNote } from "./notes.ts";
import { signalIfAlive } from "./process-group.ts";
import { startOf } from "./process-state.ts";

export const toNote = (name: string, pid: number): ProcessNote => ({
  name,
  pid,
  started: startOf(pid) ?? "",
});

const PATIENCE_MS = 10_000;
const LOOK_MS = 50;

export const lives = ({ pid, started }: ProcessNote): boolean =>
  started !== "" && startOf(pid) === started;

/** Returns when they are gone, or have had their time. */
async function end(left: readonly ProcessNote[], signal: NodeJS.Signals): Promise<void> {
  for (const { pid } of left) {
    signalIfAlive(-pid, signal);
    // What is stopped hears it only once it goes on.
    signalIfAlive(-pid, "SIGCONT");
  }
  const deadline = performance.now() + PATIENCE_MS;
  while (left.some(lives) && performance.now() < deadline) await sleep(LOOK_MS);
}

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
  await end(left, "SIGTERM");
  await end(left.filter(lives), "SIGKILL");
}
