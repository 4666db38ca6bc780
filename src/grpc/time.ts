// Milliseconds of the domain ↔ protobuf's Duration and Timestamp (a Date in generated code).
import type { Duration } from "../gen/google/protobuf/duration.ts";

/** The longest Duration that protobuf allows, 10,000 years; the Rust SDK sends it as its default. */
const MAX_DURATION_MS = 315_576_000_000_000;

/**
 * Absent is 0; what protobuf's range does not hold is cut to it. Parts of a millisecond count as a
 * whole one: 0 means "no limit", which a short limit must not become.
 */
export function toMs(duration: Duration | undefined): number {
  if (!duration) return 0;
  const parts = duration.nanos / 1_000_000;
  const ms = duration.seconds * 1_000 + (parts < 0 ? Math.floor(parts) : Math.ceil(parts));
  return Math.min(Math.max(ms, -MAX_DURATION_MS), MAX_DURATION_MS);
}

export function toDuration(ms: number): Duration {
  const seconds = Math.trunc(ms / 1_000);
  return { seconds, nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}

/** A date that has not happened yet is absent on the wire. */
export const toDate = (ms: number | undefined): Date | undefined =>
  ms === undefined ? undefined : new Date(ms);
