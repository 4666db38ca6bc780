import { setTimeout as sleep } from "node:timers/promises";
import type { BenchGrid } from "./grid.ts";

const LOOK_MS = 500;
/** Of one core, for each grid: an idle one uses less. */
const QUIET_SHARE = 0.1;
const PATIENCE_MS = 15_000;

/** Waits until the grids have done what the work before left them to do, or for 15 s. */
export async function untilQuiet(grids: readonly BenchGrid[]): Promise<void> {
  const used = () => grids.reduce((sum, grid) => sum + grid.cpuSeconds(), 0);
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const [before, since] = [used(), performance.now()];
    await sleep(LOOK_MS);
    const share = ((used() - before) * 1_000) / (performance.now() - since);
    if (share < QUIET_SHARE * grids.length) return;
  }
}
