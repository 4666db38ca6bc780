// Keeps the followed batches of this process moving: the store says what should happen, and whatever
// has stalled is restarted.
//
//   SV1. One round per session at a time; sessions do not wait for each other.
//   SV2. No timer per batch: each poll of the watch triggers the rounds that are due.
//   SV3. All it does is idempotent: another process may supervise the same batch.
//   SV4. A look that finds nothing to do takes three round trips to the stores, the watch's own
//       included, whatever the number of batches and sessions.
import type { BatchInfo } from "../../adaptors/table-storage.ts";
import type { PartitionId, SessionId } from "../../domain/ids.ts";
import { SessionStatus } from "../../domain/status.ts";
import { allOf } from "../../lifecycle/all-of.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { feedQueue, type Share } from "./feed-queue.ts";
import { createLostPartitions } from "./lost-partitions.ts";
import { parkWaiting } from "./park-waiting.ts";
import { createParkedReconciler, type ParkedReconcilerOptions } from "./reconcile-parked.ts";
import { type Patience, republishLost } from "./republish-lost.ts";
import { type BatchState, createBatchState, NEVER, noteProgress } from "./state.ts";
import { idOf, type Watch } from "./watch.ts";

export interface SupervisorDependencies {
  readonly stores: Stores;
  readonly watch: Watch;
  readonly log: Logger;
}

export interface SupervisorOptions extends Patience {
  /** A batch whose tasks have all been waiting for inputs for this long gives up its place. */
  readonly parkAfterMs?: number;
  readonly parkedReconciler?: ParkedReconcilerOptions;
  /** How often counts that may go wrong are repaired. */
  readonly recountEveryMs?: number;
}

interface SessionSupervision extends Share {
  states: Map<string, BatchState>;
  status: SessionStatus | undefined;
  busy: boolean;
  recountedAt: number;
  /** After a failure. */
  notBefore: number;
}

const BACK_OFF_MS = 500;
const STATUS_EVERY_MS = 500;

export function createSupervisor(
  { stores, watch, log }: SupervisorDependencies,
  options: SupervisorOptions,
): AsyncDisposable {
  const { republishAfterMs, parkAfterMs = 10_000, recountEveryMs = 600_000 } = options;
  const { tables } = stores;
  const sessions = new Map<SessionId, SessionSupervision>();
  const rounds = new Set<Promise<void>>();
  const parkedReconciler = createParkedReconciler({ stores, log }, options.parkedReconciler);
  const lostPartitions = createLostPartitions(tables, { republishAfterMs });
  let lost: ReadonlySet<PartitionId> = new Set();
  let stopped = false;
  let statusesAt = NEVER;

  const take = (followed: readonly BatchInfo[]): void => {
    const at = performance.now();
    for (const [sessionId, infos] of Map.groupBy(followed, (info) => info.sessionId)) {
      const supervision = sessions.get(sessionId) ?? createSessionSupervision(at);
      sessions.set(sessionId, supervision);
      const before = supervision.states;
      supervision.states = new Map();
      for (const info of infos) {
        const state = before.get(idOf(info)) ?? createBatchState(info, at);
        noteProgress(state, info, at);
        supervision.states.set(idOf(info), state);
      }
    }
    const followedSessions = new Set(followed.map(({ sessionId }) => sessionId));
    for (const sessionId of sessions.keys())
      if (!followedSessions.has(sessionId)) sessions.delete(sessionId);
  };

  /** A session that was resumed has tasks to dispatch in all its batches. */
  const readStatuses = async (): Promise<void> => {
    const unknown = [...sessions.values()].some(({ status }) => status === undefined);
    if (!unknown && performance.now() - statusesAt < STATUS_EVERY_MS) return;
    statusesAt = performance.now();
    const statuses = await tables.sessions.statuses([...sessions.keys()]);
    for (const [sessionId, supervision] of sessions) {
      const status = statuses.get(sessionId);
      const resumed =
        status === SessionStatus.RUNNING && supervision.status === SessionStatus.PAUSED;
      if (resumed)
        for (const { readyCheck } of supervision.states.values()) readyCheck.at = performance.now();
      supervision.status = status;
    }
  };

  /** What is lost of one batch is rarely lost alone: a purge takes the messages of all. */
  const readLost = async (): Promise<void> => {
    if (sessions.size === 0) return;
    const before = lost;
    lost = await lostPartitions.look();
    if (lost.isSubsetOf(before)) return;
    for (const { states } of sessions.values())
      for (const { lostCheck } of states.values())
        lostCheck.at = Math.min(lostCheck.at, performance.now());
  };

  const isDue = ({ states, status, deep }: SessionSupervision): boolean => {
    const at = performance.now();
    const runs = status === SessionStatus.RUNNING;
    for (const { lostCheck, readyCheck, ready, info } of states.values()) {
      if (lostCheck.at <= at) return true;
      if (runs && (ready.length > 0 || readyCheck.at <= at || deep || info.progress.pending > 0))
        return true;
    }
    return false;
  };

  /** Where the store's counts may be wrong. They decide nothing, so there is no hurry. */
  const recount = async (sessionId: SessionId, supervision: SessionSupervision): Promise<void> => {
    const { byStatus, progress } = tables.counts.exact;
    if ((byStatus && progress) || performance.now() - supervision.recountedAt < recountEveryMs)
      return;
    supervision.recountedAt = performance.now();
    await tables.counts.recount(sessionId);
  };

  const lookAfter = async (
    sessionId: SessionId,
    supervision: SessionSupervision,
  ): Promise<void> => {
    const states = [...supervision.states.values()].toSorted((a, b) => a.info.batch - b.info.batch);
    const runs = supervision.status === SessionStatus.RUNNING;
    const [republished] = await allOf([
      republishLost(stores, states, { partitions: lost, republishAfterMs }),
      runs ? feedQueue(stores, sessionId, states, supervision) : Promise.resolve(0),
    ]);
    if (republished > 0) log.info({ sessionId, tasks: republished }, "lost tasks repaired");
    await parkWaiting(stores, watch, { states, parkAfterMs });
    await recount(sessionId, supervision);
  };

  const round = async (sessionId: SessionId, supervision: SessionSupervision): Promise<void> => {
    supervision.busy = true;
    try {
      await lookAfter(sessionId, supervision);
    } catch (error) {
      supervision.notBefore = performance.now() + BACK_OFF_MS;
      if (!stopped) log.warn({ sessionId, err: error }, "supervision failed, will be repeated");
    } finally {
      supervision.busy = false;
    }
  };

  const startRounds = (): void => {
    for (const [sessionId, supervision] of sessions) {
      if (supervision.busy || supervision.notBefore > performance.now() || !isDue(supervision))
        continue;
      const running = round(sessionId, supervision).finally(() => rounds.delete(running));
      rounds.add(running);
    }
  };

  const supervise = async (followed: readonly BatchInfo[]): Promise<void> => {
    if (stopped) return;
    parkedReconciler.follow(followed);
    take(followed);
    // Both first: what has just been found lost is not left to the next look.
    await allOf([readStatuses(), readLost()]);
    startRounds();
  };

  watch.onLook((followed) => {
    supervise(followed).catch((error: unknown) => {
      if (!stopped) log.warn({ err: error }, "supervision failed, will be repeated");
    });
  });

  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      await parkedReconciler[Symbol.asyncDispose]();
      await Promise.all(rounds);
    },
  };
}

const createSessionSupervision = (now: number): SessionSupervision => ({
  ...{ states: new Map(), status: undefined, busy: false, notBefore: NEVER, recountedAt: now },
  ...{ deep: false, dispatchedAt: NEVER },
});
