import { createChangeEvent } from "../change-event.ts";
import type { Attempt } from "../execution/attempt.ts";

/** Prepared attempts that wait for the worker, highest priority first, else in order of arrival. */
export interface ReadyQueue {
  readonly size: number;
  put(attempts: readonly Attempt[]): void;
  /** Waits for the next attempt; undefined when `signal` aborts, or waiting has no point any more. */
  take(signal: AbortSignal, hasPoint: () => boolean): Promise<Attempt | undefined>;
  /** Whether waiting has a point may have changed. */
  look(): void;
  some(which: (attempt: Attempt) => boolean): boolean;
  /** Removes and answers those that `which` picks. */
  remove(which: (attempt: Attempt) => boolean): Attempt[];
}

export function createReadyQueue(): ReadyQueue {
  let waiting: Attempt[] = [];
  const arrived = createChangeEvent();

  return {
    get size() {
      return waiting.length;
    },
    put(attempts) {
      const sorted = waiting.length > 0 || attempts.length > 1;
      waiting.push(...attempts);
      // Stable, and nearly free on what is sorted already.
      if (sorted) waiting.sort((a, b) => b.task.options.priority - a.task.options.priority);
      arrived.notify();
    },
    look: arrived.notify,
    async take(signal, hasPoint) {
      if (waiting.length === 0 && !signal.aborted) {
        signal.addEventListener("abort", arrived.notify, { once: true });
        while (waiting.length === 0 && !signal.aborted && hasPoint()) await arrived.next();
        signal.removeEventListener("abort", arrived.notify);
      }
      return signal.aborted ? undefined : waiting.shift();
    },
    some: (which) => waiting.some(which),
    remove(which) {
      const removed = waiting.filter(which);
      if (removed.length > 0) waiting = waiting.filter((attempt) => !removed.includes(attempt));
      return removed;
    },
  };
}
