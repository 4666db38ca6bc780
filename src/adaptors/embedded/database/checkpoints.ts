// Moves the log's pages into the file, before the log gets long.
//
// SQLite's own automatic would try after each commit while the log is long, and it stays long when
// several processes write: what they append during a checkpoint keeps the log from being used
// from its beginning again.
import type { DatabaseSync } from "node:sqlite";
import { toOutage } from "../outage.ts";

/** Pages of 4 KiB. Less would write hot pages more often, more makes the pause longer. */
const DUE = 4_000;
/** From here on writers have to wait, for one checkpoint that nobody appends to. */
const TOO_LONG = 3 * DUE;
/** Commits between two looks. */
const LOOK_EVERY = 16;

interface Log {
  readonly log: number;
  readonly checkpointed: number;
}

/** To be called after each commit. */
export function createCheckpoints(db: DatabaseSync): () => void {
  const look = db.prepare("PRAGMA wal_checkpoint(NOOP)");
  let commits = 0;
  const attempt = (mode: "RESTART" | "PASSIVE"): void => {
    try {
      db.exec(`PRAGMA wal_checkpoint(${mode})`);
    } catch (error) {
      // The commit stands, in the log; the disk will say itself what is wrong with it.
      if (toOutage("", error) === error) throw error;
    }
  };
  return () => {
    if (++commits % LOOK_EVERY !== 0) return;
    const { log, checkpointed } = look.get() as unknown as Log;
    // Either gives up when another process is at it, and is tried again at the next look.
    if (log >= TOO_LONG) attempt("RESTART");
    else if (log - checkpointed >= DUE) attempt("PASSIVE");
  };
}
