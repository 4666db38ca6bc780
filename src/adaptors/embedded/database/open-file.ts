// The SQLite file: its settings, and the mark of the version that made it.
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { CLOCK_SCHEMA, startClock } from "../clock.ts";
import { LOCK_PATIENCE_MS } from "./lock.ts";

/** Never 0, which is what a file has that nobody marked. */
const versionOf = (schema: string): number =>
  createHash("sha256").update(schema.replace(/\s+/g, " ")).digest().readUInt32BE() >>> 1 || 1;

/** A file of another version would fail sooner or later, and with words that help nobody. */
function applySchema(db: DatabaseSync, { file, schema, latestTime }: FileOptions): () => number {
  const version = versionOf(schema);
  db.exec("BEGIN IMMEDIATE");
  const found = db.prepare("PRAGMA user_version").get()?.["user_version"];
  const isNew = db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (found !== version && !isNew) {
    throw new Error(
      `Cannot use ${file}: another version of the grid made it. Move its folder away, or choose another one.`,
    );
  }
  db.exec(`${schema}; ${CLOCK_SCHEMA}; PRAGMA user_version = ${version}`);
  const [latest = null] = Object.values(db.prepare(latestTime).get() ?? {});
  const now = startClock(db, (latest as number | null) ?? 0);
  db.exec("COMMIT");
  return now;
}

export interface FileOptions {
  readonly file: string;
  /** Idempotent DDL, run at each opening. */
  readonly schema: string;
  /** Query for the latest time that is stored, as a row of one column; cheap. */
  readonly latestTime: string;
}

/**
 * Opens or makes a SQLite file; answers it with its clock.
 *
 * @throws {Error} The file was made by another version of the grid.
 */
export function openFile(options: FileOptions): { db: DatabaseSync; now: () => number } {
  const db = new DatabaseSync(options.file, { timeout: LOCK_PATIENCE_MS });
  db.exec("PRAGMA journal_mode=WAL");
  // The log is synced by ourselves (ED3); SQLite syncs what it needs to keep the file whole.
  db.exec("PRAGMA synchronous=NORMAL");
  // After a page was split SQLite goes through the whole cache at the end of the transaction.
  db.exec("PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0");
  try {
    const now = applySchema(db, options);
    // From here on only our own patient loop waits for locks (ED4).
    db.exec("PRAGMA busy_timeout=0");
    return { db, now };
  } catch (error) {
    db.close();
    throw error;
  }
}
