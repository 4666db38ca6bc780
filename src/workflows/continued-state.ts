/** What one run of a session's workflow leaves to the next: its state, under 2 kB whatever happened. */
import type { SessionState } from "./contracts.ts";

/** Batches in order; a pair stands for all from its first to its last. */
type Ranges = (number | [first: number, last: number])[];

export type ContinuedState = Omit<SessionState, "again" | "parked"> & {
  again: Ranges;
  parked: Ranges;
};

/** Room for the names of some dozens of tasks; the others go on as numbered batches. */
const NAMES_CHARS = 800;

export function toContinued(state: SessionState): ContinuedState {
  return {
    ...state,
    open: [...state.open],
    again: toRanges(state.again),
    parked: toRanges(state.parked),
    names: fitting(state.names),
  };
}

export function fromContinued(state: ContinuedState): SessionState {
  return {
    ...state,
    open: [...state.open],
    again: fromRanges(state.again),
    parked: fromRanges(state.parked),
    names: { ...state.names },
  };
}

function toRanges(batches: readonly number[]): Ranges {
  const ranges: [number, number][] = [];
  for (const batch of batches) {
    const last = ranges.at(-1);
    if (last && last[1] + 1 === batch) last[1] = batch;
    else ranges.push([batch, batch]);
  }
  return ranges.map(([first, last]) => (first === last ? first : [first, last]));
}

const fromRanges = (ranges: Ranges): number[] =>
  ranges.flatMap((range) => {
    if (typeof range === "number") return [range];
    const [first, last] = range;
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });

function fitting(names: SessionState["names"]): SessionState["names"] {
  let room = NAMES_CHARS;
  return Object.fromEntries(
    Object.entries(names).filter(([batch, name]) => {
      // With quotes, colon and comma.
      room -= batch.length + name.length + 6;
      return room >= 0;
    }),
  );
}
