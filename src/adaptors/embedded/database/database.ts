// One SQLite file, opened by every process of the machine.
//
//   ED1. Writes of one turn of the event loop share one transaction (group commit): the cost of
//       the disk is paid once, and nobody waits for a timer.
//   ED2. A write that throws undoes itself only; its neighbours in the transaction stay.
//   ED3. A write has resolved only after its transaction is on disk. Others may see it before, but
//       what they write then comes after it in the same log, and cannot survive without it.
//   ED4. Neither the disk nor another process's lock blocks the event loop: the log is synced by a
//       thread, without the lock, and BEGIN is tried again between turns.
//   ED5. An outage (lock held for too long, disk full or failing, file gone) is told to every write
//       that it touches as DEPENDENCY_UNAVAILABLE; the next one finds a whole database again.
import { basename } from "node:path";
import type { StatementSync } from "node:sqlite";
import { GridError } from "../../../domain/errors.ts";
import { isBusy, toOutage } from "../outage.ts";
import { createGroupCommit } from "./group-commit.ts";
import { LOCK_PATIENCE_MS, pauseMs } from "./lock.ts";
import { type LogSync, openLogSync } from "./log-sync.ts";
import { type FileOptions, openFile } from "./open-file.ts";
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
  /** By the clock that all processes share; for stored times that are compared later. */
  now(): number;
  /** From now on nobody waits long for a lock: disposal follows. */
  hurry(): void;
}

export interface DatabaseOptions extends Omit<FileOptions, "latestTime"> {
  /** Absent: no time is stored. */
  latestTime?: string;
  /** FULL survives the loss of power, NORMAL the death of every process. */
  durability: "FULL" | "NORMAL";
}

export function openDatabase(options: DatabaseOptions): Database {
  const { file, schema, durability, latestTime = "SELECT 0" } = options;
  const { db, now } = openFile({ file, schema, latestTime });
  const log: LogSync | undefined = durability === "FULL" ? openLogSync(`${file}-wal`) : undefined;
  const checkPlace = createPlaceCheck(file);
  const statements = new Map<string, StatementSync>();
  let closed = false;

  const sql = (text: string): StatementSync => {
    let statement = statements.get(text);
    if (!statement) {
      statement = db.prepare(text);
      statements.set(text, statement);
    }
    return statement;
  };

  const writes = createGroupCommit({ db, sql, log, name: basename(file), checkPlace });
  const refuse = () => new GridError("ADAPTOR_CLOSED", file);

  const read = async <T>(work: () => T, since = performance.now()): Promise<T> => {
    if (closed) throw refuse();
    const now = performance.now();
    try {
      checkPlace(now);
      return work();
    } catch (error) {
      // Readers wait for nobody but a process that repairs the log after a crash.
      if (!isBusy(error) || now - since > LOCK_PATIENCE_MS) throw toOutage(basename(file), error);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs(now - since)));
    return read(work, since);
  };

  return {
    sql,
    prepare: (text) => db.prepare(text),
    write<T>(work: () => T) {
      if (closed) return Promise.reject(refuse());
      return writes.add(work);
    },
    read: (work) => read(work),
    now,
    hurry: () => writes.hurry(),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await writes.close();
      await log?.[Symbol.asyncDispose]();
      statements.clear();
      db.close();
    },
  };
}
