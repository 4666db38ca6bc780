// How long to wait for the lock of an embedded file, and how often to ask for it.

/** Give up on a lock that another process holds for this long: it is stopped, or the disk is. */
export const LOCK_PATIENCE_MS = 30_000;
/** A process that is to end does not wait so long. */
export const LAST_PATIENCE_MS = 2_000;
/** Try again at once for this long: most hold it for a fraction of a millisecond. */
export const SPIN_MS = 0.3;
const LONGEST_PAUSE_MS = 25;
const PAUSE_PER_WAIT = 0.05;

/** How long to wait before asking again; more and more, since only an outage lasts. */
export const pauseMs = (blockedMs: number): number =>
  Math.min(LONGEST_PAUSE_MS, 1 + PAUSE_PER_WAIT * blockedMs);
