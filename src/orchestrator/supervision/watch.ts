// All batches that this process watches.
//
//   WA1. One query answers for all followers. Cost does not grow with the number of watches.
//   WA2. A batch has one follower: a later one (next attempt, next workflow run) takes over.
//   WA3. Progress notices make the next look early; a lost one costs `pollMs`.
//   WA4. The polling interval grows with the duration of the last poll: a slow store is asked less.
//   WA5. A store that is away is no failure of a watch: followers heartbeat on, and say so.
//   WA6. A batch is closed before its watch ends: no task can join it unseen. A watch ends, too, when
//       its batch is parked (tasks of it are open, and watched by the reconciler) or unknown.
import { setTimeout as sleep } from "node:timers/promises";
import type { BatchInfo, TableStorage } from "../../adaptors/table-storage.ts";
import type { BatchKey, BatchProgress } from "../../domain/batch.ts";
import { allOf } from "../../lifecycle/all-of.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { endedOf, type Idle, isPatient, toIdle } from "./linger.ts";
import { createUnservedPartitions } from "./unserved-partitions.ts";

/** What a follower's heartbeat shows. */
export interface Report {
  readonly progress?: BatchProgress | undefined;
  /** Why nothing newer is known. */
  readonly storage?: string | undefined;
  /** What is not there that the batch needs. */
  readonly waits?: string | undefined;
}

/** How a watch ends: no task is open, or the batch does not exist, or it is parked. */
export interface Settled {
  readonly info: BatchInfo | undefined;
  readonly parked: boolean;
}

export interface Watch extends AsyncDisposable {
  follow(key: BatchKey, heartbeat: (report: Report) => void, signal: AbortSignal): Promise<Settled>;
  /** Ends a watch: all tasks of the batch wait for later submissions. */
  park(key: BatchKey): void;
  /** Tells the batches that are still followed after each successful look. */
  onLook(listener: (followed: readonly BatchInfo[]) => void): void;
}

export interface WatchOptions {
  readonly pollMs?: number;
  readonly heartbeatMs?: number;
}

interface Follower {
  readonly key: BatchKey;
  readonly heartbeat: (report: Report) => void;
  readonly settle: (settled: Settled) => void;
  readonly fail: (reason: unknown) => void;
  info?: BatchInfo | undefined;
  idle?: Idle | undefined;
}

export const idOf = ({ sessionId, batch }: BatchKey): string => `${sessionId}/${batch}`;

const LEAST_PAUSE_MS = 20;
const PAUSE_PER_COST = 4;
/** A look that takes this long is taken for an outage. */
const SLOW_MS = 3_000;

export interface WatchDependencies {
  readonly tables: Pick<TableStorage, "agents" | "batches" | "feed" | "sessions">;
  readonly log: Logger;
}

export function createWatch({ tables, log }: WatchDependencies, options: WatchOptions = {}): Watch {
  const { pollMs = 1_000, heartbeatMs = 2_000 } = options;
  const followers = new Map<string, Follower>();
  const listeners = new Set<(followed: readonly BatchInfo[]) => void>();
  const unserved = createUnservedPartitions(tables);
  let wake = Promise.withResolvers<void>();
  let lookingSince: number | undefined;
  let outage: string | undefined;
  let stopped = false;

  const currentOf = (key: BatchKey, asked: readonly Follower[]): Follower | undefined => {
    const follower = followers.get(idOf(key));
    return follower && asked.includes(follower) ? follower : undefined;
  };

  /** Answers the batches that have nothing open any more. */
  const note = (asked: readonly Follower[], infos: readonly BatchInfo[]): BatchInfo[] => {
    const found = new Map(infos.map((info) => [idOf(info), info]));
    const at = performance.now();
    for (const follower of asked) {
      const info = found.get(idOf(follower.key));
      follower.info = info;
      follower.idle = info && toIdle(info, follower.idle, at);
      if (!info) follower.settle({ info, parked: false });
    }
    return infos.filter(({ isOpen }) => !isOpen);
  };

  /** Ends the watches of batches to which no more tasks can come. */
  const finish = async (asked: readonly Follower[], idle: readonly BatchInfo[]): Promise<void> => {
    const at = performance.now();
    const patient = idle.filter((info) => {
      const since = currentOf(info, asked)?.idle;
      return !since || isPatient(info, since, at);
    });
    const ended = await endedOf(tables, patient);
    const done = idle.filter((info) => !patient.includes(info) || ended.has(info.sessionId));
    for (const info of await tables.batches.close(done)) {
      currentOf(info, asked)?.settle({ info, parked: false });
    }
  };

  const look = async (): Promise<void> => {
    const asked = [...followers.values()];
    const keys = asked.map(({ key }) => key);
    const infos = keys.length > 0 ? await tables.batches.get(keys) : [];
    const open = infos.filter(({ isOpen }) => isOpen);
    const idle = note(asked, infos);
    for (const listener of listeners) listener(open);
    await allOf([finish(asked, idle), unserved.look(open)]);
  };

  const lookOnce = async (): Promise<void> => {
    lookingSince = performance.now();
    try {
      await look();
      if (outage) log.info("table storage is back");
      outage = undefined;
    } catch (error) {
      if (!outage) log.warn({ err: error }, "table storage is away, watches go on");
      outage = error instanceof Error ? error.message : String(error);
    }
  };

  const pause = async (): Promise<void> => {
    const cost = performance.now() - (lookingSince ?? 0);
    lookingSince = undefined;
    await sleep(Math.min(pollMs, LEAST_PAUSE_MS + PAUSE_PER_COST * cost), undefined, {
      ref: false,
    });
    const timer = setTimeout(wake.resolve, pollMs);
    await wake.promise;
    clearTimeout(timer);
    wake = Promise.withResolvers();
  };

  const looking = (async () => {
    for (; !stopped; await pause()) await lookOnce();
  })();

  const heartbeats = setInterval(() => {
    const slow = lookingSince !== undefined && performance.now() - lookingSince > SLOW_MS;
    const storage = outage ?? (slow ? "does not answer" : undefined);
    for (const { heartbeat, info, idle } of followers.values()) {
      const waits = idle ? "for more tasks of a slow stream" : info && unserved.waitsOf(info);
      heartbeat({
        progress: info?.progress,
        ...(storage && { storage: `away: ${storage}` }),
        ...(waits && { waits }),
      });
    }
  }, heartbeatMs);
  const stopNotices = tables.feed.onProgress(() => wake.resolve());

  return {
    async follow(key, heartbeat, signal) {
      const id = idOf(key);
      const { promise, resolve, reject } = Promise.withResolvers<Settled>();
      const follower: Follower = { key, heartbeat, settle: resolve, fail: reject };
      const abort = () => reject(signal.reason);
      followers.get(id)?.fail(new Error("another attempt watches this batch"));
      followers.set(id, follower);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      wake.resolve();
      try {
        return await promise;
      } finally {
        signal.removeEventListener("abort", abort);
        if (followers.get(id) === follower) followers.delete(id);
      }
    },
    park(key) {
      const follower = followers.get(idOf(key));
      follower?.settle({ info: follower.info, parked: true });
    },
    onLook(listener) {
      listeners.add(listener);
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      wake.resolve();
      stopNotices();
      clearInterval(heartbeats);
      listeners.clear();
      for (const { fail } of followers.values()) fail(new Error("the watch is closed"));
      await looking;
    },
  };
}
