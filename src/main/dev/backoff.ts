const FIRST_MS = 200;
const LONGEST_MS = 10_000;
/** Who lived this long has recovered: the next death counts as the first. */
const RECOVERED_MS = 30_000;

/** The pause before a restart, doubled with each early death. */
export function createBackoff() {
  let next = FIRST_MS;
  return {
    /** @param aliveMs how long the process that has just died lived. */
    pauseAfter(aliveMs: number): number {
      if (aliveMs >= RECOVERED_MS) next = FIRST_MS;
      const pause = next;
      next = Math.min(next * 2, LONGEST_MS);
      return pause;
    },
  };
}
