/**
 * How many tasks to take ahead of the worker: many short ones, to keep it busy; hardly a long
 * one, which another agent might run at once.
 */
export interface PrefetchPolicy {
  /** A call of the worker took this long. */
  ran(durationMs: number): void;
  /** The worker had nothing to do for long: what comes next may be of another kind. */
  forget(): void;
  /** How many tasks should be ready, with a call running for `elapsedMs` (absent: none). */
  wanted(elapsedMs: number | undefined): number;
  /** Are tasks so long that only those should be taken that nobody else wants? */
  isSaturated(elapsedMs: number | undefined): boolean;
}

/** What the worker runs within this time is worth having ready. */
const AHEAD_MS = 250;
/** From here on a task counts as long. */
const LONG_MS = 100;
/** Weight of the newest duration in the average. */
const NEWEST = 0.2;

export function createPrefetchPolicy(prefetch: number): PrefetchPolicy {
  let averageMs: number | undefined;
  let count = 0;

  const expectedMs = (elapsedMs = 0): number => Math.max(averageMs ?? LONG_MS, elapsedMs, 0.01);

  return {
    ran(durationMs) {
      count += 1;
      averageMs =
        averageMs === undefined ? durationMs : averageMs + NEWEST * (durationMs - averageMs);
    },
    forget() {
      count = 0;
      averageMs = undefined;
    },
    wanted(elapsedMs) {
      const fitting = Math.floor(AHEAD_MS / expectedMs(elapsedMs));
      // Twice what was seen so far: one lucky short task proves nothing.
      return Math.max(1, Math.min(prefetch, fitting, 2 * count));
    },
    isSaturated: (elapsedMs) => elapsedMs !== undefined && expectedMs(elapsedMs) >= LONG_MS,
  };
}
