import type { Clock } from "../../src/lifecycle/announcer.ts";

/** A clock that stands still until it is moved on. */
export interface ManualClock extends Clock {
  /** Pauses under way: how long each still takes, shortest first. */
  readonly pauses: readonly number[];
  forward(ms: number): void;
}

export function createManualClock(start: number): ManualClock {
  let time = start;
  const timers = new Map<() => void, number>();
  return {
    after(ms, then) {
      timers.set(then, time + ms);
      return () => timers.delete(then);
    },
    get pauses() {
      return [...timers.values()].map((at) => at - time).toSorted((a, b) => a - b);
    },
    forward(ms) {
      time += ms;
      for (const [then, at] of timers) {
        if (at > time) continue;
        timers.delete(then);
        then();
      }
    },
  };
}
