import { setImmediate as nextTurn } from "node:timers/promises";

/** Collects items while the previous ones are being dealt with: group commit. */
export interface Batcher<T> {
  add(item: T): void;
  /** Items waiting or being dealt with. */
  readonly size: number;
  /** Resolves when there are none. */
  idle(): Promise<void>;
}

export interface BatcherOptions<T> {
  readonly flush: (items: readonly T[]) => Promise<void>;
  /** Told when a flush rejects, which none should: its items are gone. */
  readonly failed: (error: unknown) => void;
  /** May hold the next flush back, in favour of a larger one. */
  readonly flushDelay?: (waiting: readonly T[]) => Promise<void> | undefined;
}

/** One flush at a time; everything that arrives meanwhile goes into the next. */
export function createBatcher<T>({ flush, failed, flushDelay }: BatcherOptions<T>): Batcher<T> {
  let waiting: T[] = [];
  let flushing = 0;
  let running: Promise<void> | undefined;

  const flushAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      // What happens in this turn of the event loop belongs together.
      await nextTurn();
      await flushDelay?.(waiting);
      const items = waiting;
      waiting = [];
      flushing = items.length;
      await flush(items).catch(failed);
      flushing = 0;
    }
    running = undefined;
  };

  return {
    add(item) {
      waiting.push(item);
      running ??= flushAll();
    },
    get size() {
      return waiting.length + flushing;
    },
    async idle() {
      while (running !== undefined) await running;
    },
  };
}
