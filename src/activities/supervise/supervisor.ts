// Keeps the followed batches of this process moving: the store says what should happen, and what
// does not happen is started again.
//
//   S1. One round per session at a time; sessions do not wait for each other.
//   S2. Nothing runs per batch: rounds follow the watch's looks, and most of them find nothing due.
//   S3. All it does is idempotent: another process may supervise the same batch.
import type { BatchInfo } from "../../adaptors/table-storage/index.ts";
import type { SessionId } from "../../domain/ids.ts";
import { SessionStatus } from "../../domain/status.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { idOf, type Watch } from "../watch.ts";
import { type Care, createCare, noteProgress } from "./care.ts";
import { feedQueue, type Share } from "./feed-queue.ts";
import { mend, type Patience } from "./mend.ts";
import { createPatrol, type PatrolOptions } from "./patrol.ts";

export interface SupervisorDependencies {
  readonly stores: Stores;
  readonly watch: Watch;
  readonly log: Logger;
}

export interface SupervisorOptions extends Patience {
  /** A batch whose tasks have all been waiting for inputs for so long gives up its place. */
  readonly parkAfterMs?: number;
  readonly patrol?: PatrolOptions;
}

interface Ward extends Share {
  cares: Map<string, Care>;
  status: SessionStatus | undefined;
  busy: boolean;
  /** After a failure. */
  notBefore: number;
}

const BACK_OFF_MS = 500;
const AT_WORK = 6;
const STATUS_EVERY_MS = 500;

export function createSupervisor(
  { stores, watch, log }: SupervisorDependencies,
  { republishAfterMs, parkAfterMs = 10_000, patrol: patrolOptions }: SupervisorOptions,
): AsyncDisposable {
  const { tables, now } = stores;
  const wards = new Map<SessionId, Ward>();
  const rounds = new Set<Promise<void>>();
  const patrol = createPatrol({ stores, log }, patrolOptions);
  let stopped = false;
  let statusesAt = 0;

  const take = (followed: readonly BatchInfo[]): void => {
    const at = now();
    for (const [sessionId, infos] of Map.groupBy(followed, (info) => info.sessionId)) {
      const ward = wards.get(sessionId) ?? createWard();
      wards.set(sessionId, ward);
      const before = ward.cares;
      ward.cares = new Map();
      for (const info of infos) {
        const care = before.get(idOf(info)) ?? createCare(info, at);
        noteProgress(care, info, at);
        ward.cares.set(idOf(info), care);
      }
    }
    const sessions = new Set(followed.map(({ sessionId }) => sessionId));
    for (const sessionId of wards.keys()) if (!sessions.has(sessionId)) wards.delete(sessionId);
  };

  /** A session that was resumed has tasks to dispatch in all its batches. */
  const readStatuses = async (): Promise<void> => {
    const unknown = [...wards.values()].some(({ status }) => status === undefined);
    if (!unknown && now() - statusesAt < STATUS_EVERY_MS) return;
    statusesAt = now();
    const statuses = await tables.sessions.statuses([...wards.keys()]);
    for (const [sessionId, ward] of wards) {
      const status = statuses.get(sessionId);
      const resumed = status === SessionStatus.RUNNING && ward.status === SessionStatus.PAUSED;
      if (resumed) for (const { check } of ward.cares.values()) check.at = now();
      ward.status = status;
    }
  };

  const isDue = ({ cares, status, deep }: Ward): boolean => {
    const at = now();
    const runs = status === SessionStatus.RUNNING;
    for (const { mend, check, ready, info } of cares.values()) {
      if (mend.at <= at) return true;
      if (runs && (ready.length > 0 || check.at <= at || deep || info.progress.pending > 0))
        return true;
    }
    return false;
  };

  /** While others of its session are at work, a batch most likely waits for these. */
  const toPark = (cares: readonly Care[]): Care[] => {
    const atWork = cares.some(({ info: { progress } }) => progress.open > progress.pending);
    const patienceMs = atWork ? AT_WORK * parkAfterMs : parkAfterMs;
    return cares.filter(
      ({ info: { progress }, ready, changedAt }) =>
        progress.open === progress.pending && ready.length === 0 && now() - changedAt > patienceMs,
    );
  };

  const lookAfter = async (sessionId: SessionId, ward: Ward): Promise<void> => {
    const cares = [...ward.cares.values()].toSorted((a, b) => a.info.batch - b.info.batch);
    if (ward.status === SessionStatus.RUNNING) await feedQueue(stores, sessionId, cares, ward);
    const mended = await mend(stores, cares, { republishAfterMs });
    if (mended > 0) log.info({ sessionId, tasks: mended }, "lost tasks put right");
    for (const { info } of toPark(cares)) {
      await tables.batches.park(info);
      watch.park(info);
    }
  };

  const round = async (sessionId: SessionId, ward: Ward): Promise<void> => {
    ward.busy = true;
    try {
      await lookAfter(sessionId, ward);
    } catch (error) {
      ward.notBefore = now() + BACK_OFF_MS;
      if (!stopped) log.warn({ sessionId, err: error }, "supervision failed, will be repeated");
    } finally {
      ward.busy = false;
    }
  };

  const tend = async (followed: readonly BatchInfo[]): Promise<void> => {
    if (stopped) return;
    patrol.follow(followed);
    take(followed);
    await readStatuses();
    for (const [sessionId, ward] of wards) {
      if (ward.busy || ward.notBefore > now() || !isDue(ward)) continue;
      const running = round(sessionId, ward).finally(() => rounds.delete(running));
      rounds.add(running);
    }
  };

  watch.onLook((followed) => {
    tend(followed).catch((error: unknown) => {
      if (!stopped) log.warn({ err: error }, "supervision failed, will be repeated");
    });
  });

  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      await patrol[Symbol.asyncDispose]();
      await Promise.all(rounds);
    },
  };
}

const createWard = (): Ward => ({
  ...{ cares: new Map(), status: undefined, busy: false, notBefore: 0 },
  ...{ deep: false, dispatchedAt: 0 },
});
