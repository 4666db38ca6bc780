import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../telemetry/logger.ts";
import { openTemporal, type TemporalConnection, type TemporalOptions } from "./connection.ts";
import { prepareNamespace } from "./namespace.ts";

export interface Dependencies {
  readonly stack: AsyncDisposableStack;
  readonly log: Logger;
  /** Resolves when the process is told to stop. */
  readonly stopped: Promise<unknown>;
}

const RETRY_MS = 500;

/**
 * Connects as soon as Temporal is there, and sees to it that sessions can be started: a grid's
 * processes start in any order. Answers undefined if told to stop before; `stack` closes.
 */
export async function connectTemporal(
  options: TemporalOptions,
  { stack, log, stopped }: Dependencies,
): Promise<TemporalConnection | undefined> {
  let stopping = false;
  void stopped.then(() => {
    stopping = true;
  });
  while (!stopping) {
    try {
      await using opened = new AsyncDisposableStack();
      const temporal = opened.use(await openTemporal(options));
      await prepareNamespace(temporal.connection, temporal.namespace);
      stack.use(opened.move());
      return temporal;
    } catch (error) {
      log.warn({ err: error, address: options.address }, "temporal is away, will be tried again");
      await Promise.race([sleep(RETRY_MS), stopped]);
    }
  }
  return undefined;
}
