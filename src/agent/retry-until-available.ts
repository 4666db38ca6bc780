import { setTimeout as sleep } from "node:timers/promises";
import { GridError, isOutage } from "../domain/errors.ts";
import type { Logger } from "../telemetry/logger.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

export interface RetryOptions {
  readonly log: Logger;
  /** Gives up when it aborts, in the middle of a try too: a store may take long to say that it is away. */
  readonly signal: AbortSignal;
  /** Gives up after this many failures that are no outage. */
  readonly tries?: number;
}

/**
 * Repeats work on a store until it succeeds, with growing pauses: an outage costs time, not tasks.
 * The work must be idempotent, since a failed try may have been carried out.
 *
 * @throws what the last try threw; a refusal (GridError) at once, since it is an answer.
 */
export async function retryUntilAvailable<T>(
  { log, signal, tries = Infinity }: RetryOptions,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  let failures = 0;
  for (let n = 1; ; n += 1) {
    try {
      return await unlessAborted(signal, work);
    } catch (error) {
      if (!isOutage(error)) failures += 1;
      const isAnswer = error instanceof GridError && !isOutage(error);
      if (isAnswer || failures >= tries || signal.aborted) throw error;
      log.warn({ err: error, what, tries: n }, "failed, will be repeated");
      await sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (n - 1)), undefined, {
        signal,
      });
    }
  }
}

/** Leaves work alone when `signal` aborts; its outcome is discarded then. @throws the signal's reason. */
export function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}
