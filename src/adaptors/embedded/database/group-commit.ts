// Writes of one turn of the event loop in one transaction: ED1, ED2, ED3 and ED5 of database.ts.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isBusy, toOutage } from "../outage.ts";
import { createCheckpoints } from "./checkpoints.ts";
import { LAST_PATIENCE_MS, LOCK_PATIENCE_MS, pauseMs, SPIN_MS } from "./lock.ts";
import type { LogSync } from "./log-sync.ts";

export interface GroupCommit {
  /** Runs `work` in the next transaction; resolves when that is on disk. */
  add<T>(work: () => T): Promise<T>;
  /** From now on lock waits have a short time-out. */
  hurry(): void;
  /** Hurries; resolves when all writes are on disk or refused. */
  close(): Promise<void>;
}

export interface GroupCommitOptions {
  readonly db: DatabaseSync;
  readonly sql: (text: string) => StatementSync;
  /** Absent: a write has resolved when it is committed. */
  readonly log: LogSync | undefined;
  /** Of the store, for its callers. */
  readonly name: string;
  /** Throws while the file is not at its place. */
  readonly checkPlace: (now: number) => void;
}

interface Job {
  work: () => unknown;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { db, sql, log, name, checkPlace } = options;
  const committed = createCheckpoints(db);
  const outage = (error: unknown) => toOutage(name, error);
  const jobs: Job[] = [];
  const syncing = new Set<Promise<void>>();
  let scheduled = false;
  let hurried = false;
  let idle: (() => void) | undefined;
  let blockedSince: number | undefined;

  const runOne = ({ work, reject }: Job): { value: unknown } | undefined => {
    sql("SAVEPOINT job").run();
    try {
      const value = work();
      sql("RELEASE job").run();
      return { value };
    } catch (error) {
      // An outage touches the neighbours too, and may have ended their transaction already.
      if (outage(error) !== error) throw error;
      sql("ROLLBACK TO job").run();
      sql("RELEASE job").run();
      reject(error);
      return undefined;
    }
  };

  /** A job alone needs no savepoint: it is the transaction. */
  const runAlone = ({ work }: Job) => [{ value: work() }];

  const rejectAll = (failed: readonly Job[], error: unknown): void => {
    const reason = outage(error);
    for (const job of failed) job.reject(reason);
  };

  const runAll = (batch: readonly Job[]): void => {
    const [only] = batch;
    const outcomes = batch.length === 1 && only ? runAlone(only) : batch.map(runOne);
    sql("COMMIT").run();
    committed();
    const resolveAll = () => {
      for (const [i, outcome] of outcomes.entries()) if (outcome) batch[i]?.resolve(outcome.value);
    };
    if (!log) {
      resolveAll();
      return;
    }
    const synced = log
      .onDisk()
      .then(resolveAll, (error: unknown) => rejectAll(batch, error))
      .finally(() => syncing.delete(synced));
    syncing.add(synced);
  };

  const retryLater = (error: unknown): void => {
    blockedSince ??= performance.now();
    const blockedMs = performance.now() - blockedSince;
    if (blockedMs > (hurried ? LAST_PATIENCE_MS : LOCK_PATIENCE_MS)) {
      blockedSince = undefined;
      rejectAll(jobs.splice(0), error);
    } else {
      scheduled = true;
      // Most hold it for a fraction of a millisecond, and timers are no finer than one.
      if (blockedMs < SPIN_MS) setImmediate(flush);
      else setTimeout(flush, pauseMs(blockedMs));
    }
  };

  /** Answers false when the lock could not be had: the jobs wait or were refused. */
  const begin = (): boolean => {
    try {
      checkPlace(performance.now());
      sql("BEGIN IMMEDIATE").run();
      blockedSince = undefined;
      return true;
    } catch (error) {
      if (isBusy(error)) retryLater(error);
      else rejectAll(jobs.splice(0), error);
      return false;
    }
  };

  const flush = (): void => {
    scheduled = false;
    if (jobs.length > 0 && begin()) {
      const batch = jobs.splice(0);
      try {
        runAll(batch);
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        rejectAll(batch, error);
      }
    }
    if (jobs.length === 0) idle?.();
  };

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };

  return {
    add<T>(work: () => T) {
      return new Promise<T>((resolve, reject) => {
        jobs.push({ work, resolve: resolve as (value: unknown) => void, reject });
        schedule();
      });
    },
    hurry() {
      hurried = true;
    },
    async close() {
      hurried = true;
      if (jobs.length > 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        idle = resolve;
        schedule();
        await promise;
      }
      await Promise.all(syncing);
    },
  };
}
