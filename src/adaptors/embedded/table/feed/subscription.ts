import type { Change } from "../../../ports/table/feed.ts";

/** One reader of a session's changes: a queue between the poller, which pushes, and its consumer. */
export interface Subscription extends AsyncIterable<readonly Change[]> {
  push(changes: readonly Change[]): void;
  /** Ends the iteration, with the error if there is one. */
  end(error?: Error): void;
}

/** A consumer that lags this many changes behind would rather start again from a snapshot (F3). */
const MOST_WAITING = 250_000;

export function createSubscription(
  wanted: ((change: Change) => boolean) | undefined,
  onEnd: () => void,
): Subscription {
  const waiting: (readonly Change[])[] = [];
  let count = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const end = (error?: Error): void => {
    if (ended) return;
    ended = true;
    failure = error;
    waiting.length = 0;
    onEnd();
    wake?.();
  };

  const next = async (): Promise<IteratorResult<readonly Change[]>> => {
    while (waiting.length === 0 && !ended) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
    const changes = waiting.shift();
    if (changes) {
      count -= changes.length;
      return { done: false, value: changes };
    }
    if (failure) throw failure;
    return { done: true, value: undefined };
  };

  return {
    end,
    push(changes) {
      if (ended) return;
      const kept = wanted ? changes.filter(wanted) : changes;
      if (kept.length === 0) return;
      waiting.push(kept);
      count += kept.length;
      wake?.();
      if (count > MOST_WAITING) end(new Error("the change feed's reader is too far behind"));
    },
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        end();
        return { done: true, value: undefined };
      },
    }),
  };
}
