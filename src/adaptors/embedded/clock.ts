/**
 * The clock of an embedded file: every stored time that is compared later is taken from it.
 *
 *   EC1. All processes of the machine agree, however their wall clocks differ or jump: it is the
 *        kernel's monotonic clock, plus an offset that is stored once for each boot.
 *   EC2. It never goes back against what is stored: the offset of a new boot starts it at the wall
 *        clock, or at the latest stored time if that is later.
 *
 * Where the system does not name its boot (there is no /proc), or two containers have a monotonic
 * clock each, EC2 still tells: an offset that would put the clock behind a stored time is from
 * before a restart, and is chosen anew. One that survives a restart is as good as another; the
 * clock is then only further from the wall clock, which nothing relies on.
 */
import { readFileSync, readlinkSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

export const CLOCK_SCHEMA = `
CREATE TABLE IF NOT EXISTS clock (
  boot TEXT PRIMARY KEY,
  offset_ms INTEGER NOT NULL
) WITHOUT ROWID;
`;

const GET = "SELECT offset_ms FROM clock WHERE boot = ?";
const SET = `INSERT INTO clock (boot, offset_ms) VALUES (?, ?)
  ON CONFLICT DO UPDATE SET offset_ms = excluded.offset_ms`;

const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** The reach of one monotonic clock: this boot, and the namespace that may shift the clock. */
function bootName(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/time")}`;
  } catch {
    return "unknown";
  }
}

/**
 * Starts the clock; to be called in a transaction that writes.
 *
 * @param latest the latest time that is stored, 0 if there is none.
 * @returns the time in milliseconds; near the wall clock, but never to be compared with it.
 */
export function startClock(db: DatabaseSync, latest: number): () => number {
  const boot = bootName();
  const known = db.prepare(GET).get(boot)?.["offset_ms"] as number | undefined;
  const start = monotonicMs();
  const isValid = known !== undefined && start + known >= latest;
  const offset = isValid ? known : Math.max(Date.now(), latest) - start;
  if (!isValid) db.prepare(SET).run(boot, offset);
  return () => monotonicMs() + offset;
}
