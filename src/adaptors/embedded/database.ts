// One SQLite file, opened by every process of the machine.
//
//   E1. Writes of one turn of the event loop share one transaction (group commit): the cost of
//       the disk is paid once, and nobody waits for a timer.
//   E2. A write that throws undoes itself only; its neighbours in the transaction stay.
//   E3. A write has resolved only after its transaction is on disk. Others may see it before, but
//       what they write then comes after it in the same log, and cannot survive without it.
//   E4. Neither the disk nor another process's lock blocks the event loop: the log is synced by a
//       thread, without the lock, and BEGIN is tried again between turns.
//   E5. An outage (lock held for too long, disk full or failing, file gone) is told to every write
//       that it touches as DEPENDENCY_UNAVAILABLE; the next one finds a whole database again.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { GridError } from "../../domain/errors.ts";
import { createCheckpoints } from "./checkpoints.ts";
import { type LogSync, openLogSync } from "./log-sync.ts";
import { isBusy, toOutage } from "./outage.ts";
import { createPlaceCheck } from "./place.ts";

export interface Database extends AsyncDisposable {
  /** Prepares once, then answers the same statement. */
  sql(text: string): StatementSync;
  /** Prepares a statement whose text depends on the request, and does not keep it. */
  prepare(text: string): StatementSync;
  /** Runs `work`, which must be synchronous and short, in the next shared transaction. */
  write<T>(work: () => T): Promise<T>;
  /** Runs synchronous reads; consistent within one statement. */
  read<T>(work: () => T): Promise<T>;
  /** From now on nobody waits long for a lock: disposal follows. */
  hurry(): void;
}

export interface DatabaseOptions {
  file: string;
  /** Idempotent DDL, run at each opening. */
  schema: string;
  /** FULL survives the loss of power, NORMAL the death of every process. */
  durability: "FULL" | "NORMAL";
}

/** Give up on a lock that another process holds for so long: it is stopped, or the disk is. */
const LOCK_PATIENCE_MS = 30_000;
/** A process that is to end does not wait so long. */
const LAST_PATIENCE_MS = 2_000;
/** Try again at once for so long. */
const SPIN_MS = 0.3;
/** Then more and more rarely: nobody holds a lock for long but in an outage. */
const LONGEST_PAUSE_MS = 25;
const PAUSE_PER_WAIT = 0.05;

interface Job {
  work: () => unknown;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

/** How long to wait for a lock that has been held for so long. */
const pauseMs = (blockedMs: number): number =>
  Math.min(LONGEST_PAUSE_MS, 1 + PAUSE_PER_WAIT * blockedMs);

/** Never 0, which is what a file has that nobody marked. */
const versionOf = (schema: string): number =>
  createHash("sha256").update(schema.replace(/\s+/g, " ")).digest().readUInt32BE() >>> 1 || 1;

/** A file of another version would fail sooner or later, and with words that help nobody. */
function applySchema(db: DatabaseSync, file: string, schema: string): void {
  const version = versionOf(schema);
  db.exec("BEGIN IMMEDIATE");
  const found = db.prepare("PRAGMA user_version").get()?.["user_version"];
  const isNew = db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (found !== version && !isNew) {
    throw new Error(
      `Cannot use ${file}: another version of the grid made it. Move its folder away, or choose another one.`,
    );
  }
  db.exec(`${schema}; PRAGMA user_version = ${version}; COMMIT`);
}

function openFile(file: string, schema: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: LOCK_PATIENCE_MS });
  db.exec("PRAGMA journal_mode=WAL");
  // The log is synced by ourselves (E3); SQLite syncs what it needs to keep the file whole.
  db.exec("PRAGMA synchronous=NORMAL");
  // After a page was split SQLite goes through the whole cache at the end of the transaction.
  db.exec("PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0");
  try {
    applySchema(db, file, schema);
  } catch (error) {
    db.close();
    throw error;
  }
  // From here on only our own patient loop waits for locks (E4).
  db.exec("PRAGMA busy_timeout=0");
  return db;
}

export function openDatabase({ file, schema, durability }: DatabaseOptions): Database {
  const db = openFile(file, schema);
  const log: LogSync | undefined = durability === "FULL" ? openLogSync(`${file}-wal`) : undefined;
  const committed = createCheckpoints(db);
  const checkPlace = createPlaceCheck(file);
  const outage = (error: unknown) => toOutage(basename(file), error);
  const statements = new Map<string, StatementSync>();
  const jobs: Job[] = [];
  const syncing = new Set<Promise<void>>();
  let scheduled = false;
  let closed = false;
  let hurried = false;
  let idle: (() => void) | undefined;
  let blockedSince: number | undefined;

  const sql = (text: string): StatementSync => {
    let statement = statements.get(text);
    if (!statement) {
      statement = db.prepare(text);
      statements.set(text, statement);
    }
    return statement;
  };

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

  const refuse = () => new GridError("ADAPTOR_CLOSED", file);

  const read = async <T>(work: () => T, since = performance.now()): Promise<T> => {
    if (closed) throw refuse();
    const now = performance.now();
    try {
      checkPlace(now);
      return work();
    } catch (error) {
      // Readers wait for nobody but a process that repairs the log after a crash.
      if (!isBusy(error) || now - since > LOCK_PATIENCE_MS) throw outage(error);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs(now - since)));
    return read(work, since);
  };

  return {
    sql,
    prepare: (text) => db.prepare(text),
    write<T>(work: () => T) {
      if (closed) return Promise.reject(refuse());
      return new Promise<T>((resolve, reject) => {
        jobs.push({ work, resolve: resolve as (value: unknown) => void, reject });
        schedule();
      });
    },
    read: (work) => read(work),
    hurry() {
      hurried = true;
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      hurried = true;
      if (jobs.length > 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        idle = resolve;
        schedule();
        await promise;
      }
      await Promise.all(syncing);
      await log?.[Symbol.asyncDispose]();
      statements.clear();
      db.close();
    },
  };
}
