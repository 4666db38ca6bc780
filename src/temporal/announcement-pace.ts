/** When the next announcement of a session is due. Pure. */
import { SINGLE_UP_TO } from "../domain/batch.ts";

/** One announcement costs Temporal about ten events: small ones must be rare. */
const WORTH_IT = 256;
const QUICK_MS = 100;
/** Pause between two looks at whether anybody waits for a trickle to be announced. */
const LOOK_MS = 1_000;
/** The longest a trickle into a big session goes without supervision. */
export const TRICKLE_MS = 5_000;
/** Whoever watches over others' trickles must not be faster than they. */
const FACTOR = 50;

/** What is known of a session that has something to announce. */
export interface Load {
  /** Tasks announced so far. */
  readonly tasks: number;
  /** Tasks not announced yet. */
  readonly waiting: number;
  /** When the first of them came. */
  readonly since: number;
  /** By this process; 0 = never. */
  readonly announcedAt: number;
  readonly lookedAt: number;
  /** How long they are left to the process that stored them; 0 if that is this one. */
  readonly graceMs: number;
}

/** Otherwise it is a trickle into a big session, whose tasks are dispatched directly anyway. */
const isQuick = ({ tasks, waiting }: Load): boolean =>
  tasks + waiting <= SINGLE_UP_TO || waiting >= WORTH_IT;

/** When to look again: `announce` then, or see first whether the trickle may wait on. */
export function nextStep(load: Load): { at: number; step: "announce" | "look" } {
  const { announcedAt, lookedAt, since, graceMs } = load;
  const first = announcedAt === 0 && graceMs === 0;
  if (first || isQuick(load)) {
    return { at: Math.max(announcedAt + QUICK_MS, since + graceMs), step: "announce" };
  }
  const latest = Math.max(announcedAt, since + FACTOR * graceMs) + TRICKLE_MS;
  const look = Math.max(announcedAt, lookedAt, since) + LOOK_MS;
  return look < latest ? { at: look, step: "look" } : { at: latest, step: "announce" };
}
