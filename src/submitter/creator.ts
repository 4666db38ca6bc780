// This process as the creator of tasks.
//
//   CR1. Its lease is renewed while it runs: what it is about to accept is not abandoned.
//   CR2. What a failed call stored is taken back, as soon as the store can: while the lease holds,
//        nobody else does.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isOutage } from "../domain/errors.ts";
import { type HolderId, holderId } from "../domain/ids.ts";
import type { Stores } from "../lifecycle/stores.ts";
import { type Stored, takeBack } from "../lifecycle/take-back.ts";
import type { Logger } from "../telemetry/logger.ts";

export interface Creator extends AsyncDisposable {
  readonly id: HolderId;
  /** Takes back what a call stored before it failed with `error`; now, or later. Never throws. */
  takeBack(tasks: readonly Stored[], error: unknown): Promise<void>;
}

export interface CreatorOptions {
  readonly ttlMs?: number;
  readonly everyMs?: number;
}

/** Holds its lease when it resolves, and until it is disposed. */
export async function openCreator(
  { stores, log }: { readonly stores: Stores; readonly log: Logger },
  { ttlMs = 30_000, everyMs = 5_000 }: CreatorOptions = {},
): Promise<Creator> {
  const id = holderId(randomUUID());
  const { leases } = stores.tables;
  const left = new Set<readonly Stored[]>();
  const stop = new AbortController();

  const takeBackLeft = async (): Promise<void> => {
    for (const tasks of left) {
      await takeBack(stores, tasks);
      left.delete(tasks);
    }
  };

  const round = async (): Promise<void> => {
    try {
      await leases.renew(id, ttlMs);
      await takeBackLeft();
    } catch (error) {
      if (!stop.signal.aborted) log.warn({ err: error }, "lease could not be renewed");
    }
  };

  await leases.renew(id, ttlMs);
  const renewing = (async () => {
    for (;;) {
      await sleep(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
      if (stop.signal.aborted) return;
      await round();
    }
  })();

  return {
    id,
    async takeBack(tasks, error) {
      const stored = tasks.map(({ taskId, sessionId, expectedOutputIds }) => ({
        ...{ taskId, sessionId, expectedOutputIds },
      }));
      left.add(stored);
      // Whoever waits for the answer need not wait for the store as well.
      if (isOutage(error)) return;
      try {
        await takeBack(stores, stored);
        left.delete(stored);
      } catch (failure) {
        log.warn({ err: failure }, "a refused submission could not be taken back yet");
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await renewing;
      try {
        await takeBackLeft();
        await leases.release(id);
      } catch (error) {
        log.warn({ err: error }, "lease could not be released, it will run out");
      }
    },
  };
}
