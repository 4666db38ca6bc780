// Looks for tasks that wait although they could go, or can never go, because whoever should have
// dispatched or ended them died, or had no room in the queue.
//
//   RP1. Which batches are parked is read from the store: an orchestrator's memory does not survive it.
//   RP2. Its share of the time is bounded, however many tasks wait: a page at once, a pause in
//       proportion, and edges in which nothing was found are re-checked with exponential back-off.
//   RP3. All it does is idempotent: another process may be on the same round.
//   RP4. A round that finds nothing takes three round trips to the stores, however many batches are
//       parked.
import { setTimeout as sleep } from "node:timers/promises";
import type { BatchInfo, Edge, ParkedBatch } from "../../adaptors/table-storage.ts";
import type { BatchKey } from "../../domain/batch.ts";
import { SessionStatus } from "../../domain/status.ts";
import { allOf } from "../../lifecycle/all-of.ts";
import { dispatch } from "../../lifecycle/dispatch.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Reconciled, reconcileDependencies } from "./reconcile-dependencies.ts";
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
const READY_AT_ONCE = 1_000;
/** Time budget of a round; the current page is finished. */
const BUDGET_MS = 50;
const LATEST_MS = 30_000;
/** Batches in which no task seems to wait are first looked at this many times later. */
const UNLIKELY = 6;

export function createParkedReconciler(
  { stores, log }: { readonly stores: Stores; readonly log: Logger },
  { firstMs = 5_000 }: ParkedReconcilerOptions = {},
): ParkedReconciler {
  const { tables } = stores;
  const visits = new Map<string, Visit>();
  const stop = new AbortController();
  let followed: readonly BatchInfo[] = [];
  let cursor: BatchKey | undefined;
  /** Counts walks through all parked batches. */
  let walk = 1;

  const note = ({ sessionId, batch, batchId }: ParkedBatch, everyMs = firstMs): void => {
    const id = idOf({ sessionId, batch });
    const known = visits.get(id);
    if (known) known.seenIn = walk;
    else {
      const at = performance.now() + everyMs;
      const key = { sessionId, batch, batchId };
      visits.set(id, { batch: key, at, everyMs, after: undefined, seenIn: walk });
    }
  };

  /** Where the counts say that no task waits, they are right but for an accident. */
  const noteFollowed = (): void => {
    const unlikelyMs = Math.min(LATEST_MS, UNLIKELY * firstMs);
    for (const info of followed) note(info, info.progress.pending > 0 ? firstMs : unlikelyMs);
  };

  /** Who completes a task dispatches what became ready, but not beyond the session's share of the
   * queue. Once one of its tasks is on the queue, the batch counts as ready and is opened again. */
  const dispatchParked = async (): Promise<void> => {
    const parked = await tables.batches.parked({ after: cursor, limit: PARKED_AT_ONCE });
    const alive = await ofLiveSessions(parked);
    for (const batch of alive) note(batch);
    const batchIds = alive.map(({ batchId }) => batchId);
    const ready = await tables.tasks.readyInBatches(batchIds, READY_AT_ONCE);
    const found = ready.map((taskIds, i) => ({ ...(alive[i] as ParkedBatch), taskIds }));
    for (const [sessionId, some] of Map.groupBy(found, (batch) => batch.sessionId))
      await dispatch(
        stores,
        sessionId,
        some.flatMap(({ taskIds }) => taskIds),
      );
    // What did not fit into the answer comes with the next page.
    const last = ready.length < alive.length ? alive[ready.length - 1] : undefined;
    cursor = last ?? (parked.length === PARKED_AT_ONCE ? parked.at(-1) : undefined);
    if (!cursor) forget();
  };

  const ofLiveSessions = async (parked: readonly ParkedBatch[]): Promise<ParkedBatch[]> => {
    const sessionIds = new Set(parked.map(({ sessionId }) => sessionId));
    const statuses = await tables.sessions.statuses([...sessionIds]);
    return parked.filter(({ sessionId }) => {
      const status = statuses.get(sessionId);
      return status === SessionStatus.RUNNING || status === SessionStatus.PAUSED;
    });
  };

  /** Batches that the last walk did not meet. */
  const forget = (): void => {
    for (const [id, { seenIn }] of visits) if (seenIn < walk) visits.delete(id);
    walk += 1;
  };

  const noteVisit = (visit: Visit, { found, after }: Reconciled): void => {
    const { sessionId, batch } = visit.batch;
    if (found > 0) log.info({ sessionId, batch, tasks: found }, "forgotten tasks repaired");
    visit.after = after;
    // Not at the end yet: at once, but in turn with the others.
    if (!after) visit.everyMs = found > 0 ? firstMs : Math.min(LATEST_MS, 2 * visit.everyMs);
    visit.at = performance.now() + (after ? 0 : visit.everyMs);
  };

  const visitDue = async (): Promise<void> => {
    const until = performance.now() + BUDGET_MS;
    let due = [...visits.values()]
      .filter(({ at }) => at <= performance.now())
      .sort((a, b) => a.at - b.at);
    while (due.length > 0 && performance.now() <= until && !stop.signal.aborted) {
      const page = due.map(({ batch, after }) => ({ ...batch, after }));
      const answers = await reconcileDependencies(stores, page);
      for (const [i, answer] of answers.entries()) noteVisit(due[i] as Visit, answer);
      due = due.slice(answers.length);
    }
  };

  const round = async (): Promise<void> => {
    noteFollowed();
    await allOf([dispatchParked(), visitDue()]);
  };

  const checkingParked = (async () => {
    while (!stop.signal.aborted) {
      const start = performance.now();
      await round().catch((error: unknown) => {
        if (!stop.signal.aborted)
          log.warn({ err: error }, "reconciling parked batches failed, will be repeated");
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
