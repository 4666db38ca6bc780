// Looks for what nobody will tell of: tasks that wait although they could go, or can never go,
// because whoever should have said so died, or had no room in the queue.
//
//   P1. Which batches are parked is read from the store: what an orchestrator knew dies with it.
//   P2. Its share of the time is bounded, however many tasks wait: a page a turn, a pause in
//       proportion, and edges in which nothing was found are looked at ever more rarely.
//   P3. All it does is idempotent: another process may be on the same round.
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { BatchInfo, Edge, ParkedBatch } from "../../adaptors/table-storage.ts";
import type { BatchKey } from "../../domain/batch.ts";
import { SessionStatus } from "../../domain/status.ts";
import { dispatch } from "../../lifecycle/dispatch.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { reconcileDependencies } from "./reconcile-dependencies.ts";
import { idOf } from "./watch.ts";

export interface ParkedReconcilerOptions {
  /** How long after a batch came to wait its edges are looked at for the first time. */
  readonly firstMs?: number;
}

export interface ParkedReconciler extends AsyncDisposable {
  /** Batches that are watched here; parked ones it finds itself. */
  follow(batches: readonly BatchInfo[]): void;
}

/** When to look at a batch's edges, and where to begin. */
interface Visit {
  readonly batch: ParkedBatch;
  at: number;
  everyMs: number;
  after: Edge | undefined;
  seenIn: number;
}

const EVERY_MS = 1_000;
/** The rest of the time belongs to others. */
const PAUSE_PER_COST = 10;
const PARKED_AT_ONCE = 20;
const READY_AT_ONCE = 250;
/** So long one round looks at edges, but for the page it is at. */
const BUDGET_MS = 50;
const LATEST_MS = 30_000;

export function createParkedReconciler(
  { stores, log }: { readonly stores: Stores; readonly log: Logger },
  { firstMs = 5_000 }: ParkedReconcilerOptions = {},
): ParkedReconciler {
  const { tables, now } = stores;
  const visits = new Map<string, Visit>();
  const stop = new AbortController();
  let followed: readonly BatchInfo[] = [];
  let cursor: BatchKey | undefined;
  /** Counts walks through all parked batches. */
  let walk = 1;

  const note = ({ sessionId, batch, batchId }: ParkedBatch): void => {
    const id = idOf({ sessionId, batch });
    const known = visits.get(id);
    if (known) known.seenIn = walk;
    else {
      const at = now() + firstMs;
      const key = { sessionId, batch, batchId };
      visits.set(id, { batch: key, at, everyMs: firstMs, after: undefined, seenIn: walk });
    }
  };

  /** Who completes a task dispatches what became ready, but not beyond the session's share of the
   * queue. Once one of its tasks is on the queue, the batch counts as ready and is opened again. */
  const dispatchParked = async (): Promise<void> => {
    const parked = await tables.batches.parked({ after: cursor, limit: PARKED_AT_ONCE });
    const sessionIds = new Set(parked.map(({ sessionId }) => sessionId));
    const statuses = await tables.sessions.statuses([...sessionIds]);
    for (const batch of parked) {
      const status = statuses.get(batch.sessionId);
      if (status !== SessionStatus.RUNNING && status !== SessionStatus.PAUSED) continue;
      note(batch);
      await nextTurn();
      const ready = await tables.tasks.readyInBatch(batch.batchId, READY_AT_ONCE);
      await dispatch(stores, batch.sessionId, ready);
    }
    cursor = parked.length === PARKED_AT_ONCE ? parked.at(-1) : undefined;
    if (!cursor) forget();
  };

  /** Batches that the last walk did not meet. */
  const forget = (): void => {
    for (const [id, { seenIn }] of visits) if (seenIn < walk) visits.delete(id);
    walk += 1;
  };

  const visitOne = async (visit: Visit): Promise<void> => {
    const { found, after } = await reconcileDependencies(stores, visit.batch, visit.after);
    const { sessionId, batch } = visit.batch;
    if (found > 0) log.info({ sessionId, batch, tasks: found }, "forgotten tasks put right");
    visit.after = after;
    // Not at the end yet: at once, but in turn with the others.
    if (!after) visit.everyMs = found > 0 ? firstMs : Math.min(LATEST_MS, 2 * visit.everyMs);
    visit.at = now() + (after ? 0 : visit.everyMs);
  };

  const visitDue = async (): Promise<void> => {
    const until = performance.now() + BUDGET_MS;
    const due = [...visits.values()].filter(({ at }) => at <= now()).sort((a, b) => a.at - b.at);
    for (const visit of due) {
      if (performance.now() > until || stop.signal.aborted) return;
      await nextTurn();
      await visitOne(visit);
    }
  };

  const round = async (): Promise<void> => {
    for (const info of followed) if (info.progress.pending > 0) note(info);
    await dispatchParked();
    await visitDue();
  };

  const checkingParked = (async () => {
    while (!stop.signal.aborted) {
      const start = performance.now();
      await round().catch((error: unknown) => {
        if (!stop.signal.aborted)
          log.warn({ err: error }, "parkedReconciler failed, will be repeated");
      });
      const pauseMs = Math.max(EVERY_MS, PAUSE_PER_COST * (performance.now() - start));
      await sleep(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();

  return {
    follow(batches) {
      followed = batches;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await checkingParked;
    },
  };
}
