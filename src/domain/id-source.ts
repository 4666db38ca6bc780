// New ids, in the form of UUIDs of version 7 (RFC 9562).
//
//   IS1. Ids of one source grow: rows stored together lie together in a store's indexes. With random
//       ids each new row of a large table touches a page of its own, and the log of a thousand rows
//       is a thousand pages.
//   IS2. Two sources meet on an id only if 62 random bits do, in the same millisecond.

export interface IdSourceDependencies {
  /** Milliseconds since the epoch; may stand still or go back. */
  readonly now: () => number;
  /** Fills the bytes with random ones. */
  readonly randomize: (bytes: Uint8Array) => void;
}

export type IdSource = () => string;

/** Ids of one millisecond; the next one borrows from the future. */
const IDS_A_MS = 4_096;
const RANDOM_BYTES = 8;
const POOL_BYTES = 512 * RANDOM_BYTES;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function createIdSource({ now, randomize }: IdSourceDependencies): IdSource {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  let time = 0;
  let count = 0;
  let prefix = "";

  const setTime = (next: number): void => {
    time = next;
    count = 0;
    const digits = time.toString(16).padStart(12, "0");
    prefix = `${digits.slice(0, 8)}-${digits.slice(8)}-7`;
  };

  const hex = (at: number): string => HEX[pool[at] ?? 0] ?? "";

  return () => {
    const current = now();
    if (current > time) setTime(current);
    else if (count === IDS_A_MS) setTime(time + 1);
    if (used === POOL_BYTES) {
      randomize(pool);
      used = 0;
    }
    const at = used;
    used += RANDOM_BYTES;
    const counted = (IDS_A_MS + count++).toString(16).slice(1);
    const variant = HEX[0x80 | ((pool[at] ?? 0) & 0x3f)] ?? "";
    const tail = hex(at + 2) + hex(at + 3) + hex(at + 4) + hex(at + 5) + hex(at + 6) + hex(at + 7);
    return `${prefix}${counted}-${variant}${hex(at + 1)}-${tail}`;
  };
}
