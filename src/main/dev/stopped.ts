import { isStopped } from "./process-state.ts";

export interface StopWatch {
  /** Longer than an agent's lease, shorter than anybody waits for a lock of embedded storage. */
  readonly maxStoppedMs: number;
  readonly onStuck: () => void;
}

const LOOKS = 10;

/**
 * Tells once of a process that stays stopped (SIGSTOP) for longer than allowed.
 *
 * It counts how often it looked, not what a clock says: what stopped all of us, and this process
 * too, is not held against the child.
 */
export function watchForStop(pid: number, { maxStoppedMs, onStuck }: StopWatch): Disposable {
  let found = 0;
  const look = (): void => {
    found = isStopped(pid) ? found + 1 : 0;
    // One more look than pauses between them.
    if (found === LOOKS + 1) onStuck();
  };
  const timer = setInterval(look, maxStoppedMs / LOOKS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
