// What an orchestrator does for the whole grid, session by session or not at all.
//
//   MA1. Each job is idempotent, and several orchestrators may do it at once.
//   MA2. A failed job is repeated with the next round; it keeps no other from its turn.
import { setTimeout as sleep } from "node:timers/promises";
import type { BatchKey } from "../../domain/batch.ts";
import type { Announcer } from "../../lifecycle/announcer.ts";
import { collectOrphans } from "../../lifecycle/orphans.ts";
import type { SessionWorkflows } from "../../lifecycle/session-workflows.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { WorkflowRevival } from "../recovery/revive-workflows.ts";

export interface MaintenanceDependencies {
  readonly stores: Stores;
  readonly workflows: Pick<SessionWorkflows, "batchesReady">;
  readonly announcer: Pick<Announcer, "look">;
  readonly revival: WorkflowRevival;
  readonly log: Logger;
}

export interface MaintenanceOptions {
  readonly sweepMs: number;
  /** Telling a workflow that batches are ready takes less. */
  readonly untoldMs?: number;
}

interface MaintenanceJob {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
}

/** Notices of progress come many at a time. */
const LEAST_PAUSE_MS = 20;
/** The rest of the time belongs to others. */
const PAUSE_PER_COST = 10;
const REVIVE_MS = 10_000;
const ORPHAN_MS = 60_000;
const UNTOLD_MS = 10_000;
const HISTORY_MS = 600_000;

export function createMaintenance(
  { stores, workflows, announcer, revival, log }: MaintenanceDependencies,
  { sweepMs, untoldMs = UNTOLD_MS }: MaintenanceOptions,
): AsyncDisposable {
  const { tables } = stores;
  const stop = new AbortController();
  let wake = Promise.withResolvers<void>();
  let failedAt = 0;

  const attempt = async ({ name, run }: Omit<MaintenanceJob, "everyMs">): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (stop.signal.aborted) return;
      failedAt = performance.now();
      log.warn({ job: name, err: error }, "job failed, will be repeated");
    }
  };

  /** Wakes parked batches, those too that somebody else died over. */
  const unpark = async (): Promise<void> => {
    const ready = await tables.batches.unparkReady({ answeredOlderThanMs: untoldMs });
    for (const [sessionId, keys] of Map.groupBy(ready, (key: BatchKey) => key.sessionId)) {
      try {
        await workflows.batchesReady(
          sessionId,
          keys.map(({ batch }) => batch),
        );
        await tables.batches.unparked(keys);
      } catch (error) {
        await tables.batches.untold(keys);
        throw error;
      }
    }
  };

  /** A creator was not held up by the same outage that held us up. */
  const collect = async (): Promise<void> => {
    if (failedAt > 0 && performance.now() - failedAt < ORPHAN_MS) return;
    const tasks = await collectOrphans(stores, ORPHAN_MS);
    if (tasks > 0) log.info({ tasks }, "orphaned tasks removed");
  };

  const onNews = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const start = performance.now();
      await attempt({ name: "announce", run: () => announcer.look() });
      await attempt({ name: "unpark", run: unpark });
      const pauseMs = Math.min(
        sweepMs,
        LEAST_PAUSE_MS + PAUSE_PER_COST * (performance.now() - start),
      );
      await sleep(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined);
      const timer = setTimeout(wake.resolve, sweepMs);
      if (!stop.signal.aborted) await wake.promise;
      clearTimeout(timer);
      wake = Promise.withResolvers();
    }
  };

  const repeat = async ({ name, everyMs, run }: MaintenanceJob): Promise<void> => {
    while (!stop.signal.aborted) {
      await attempt({ name, run });
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };

  const stopNotices = tables.feed.onProgress(() => wake.resolve());
  const working = Promise.all([
    onNews(),
    repeat({ name: "revive", everyMs: REVIVE_MS, run: () => revival.look() }),
    repeat({ name: "collect", everyMs: 10_000, run: collect }),
    repeat({ name: "tidy", everyMs: 60_000, run: () => tables.sweep({ olderThanMs: HISTORY_MS }) }),
  ]);

  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      stopNotices();
      wake.resolve();
      await working;
    },
  };
}
