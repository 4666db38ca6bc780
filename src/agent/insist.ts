import { setTimeout as sleep } from "node:timers/promises";
import { GridError } from "../domain/errors.ts";
import type { Logger } from "../telemetry/logger.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

export interface Insistence {
  readonly log: Logger;
  /** Gives up when it aborts. */
  readonly signal: AbortSignal;
  /** Gives up after so many tries. */
  readonly tries?: number;
}

/**
 * Repeats work on a store until it succeeds, with growing pauses: an outage costs time, not tasks.
 * The work must be idempotent, since a failed try may have been carried out.
 *
 * @throws what the last try threw; a refusal (GridError) at once, since it is an answer.
 */
export async function insist<T>(
  { log, signal, tries = Infinity }: Insistence,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof GridError || n >= tries || signal.aborted) throw error;
      log.warn({ err: error, what, tries: n }, "store does not answer");
      await sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (n - 1)), undefined, {
        signal,
      });
    }
  }
}
