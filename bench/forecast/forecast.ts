// Pieces of work over the real embedded stores, as they would be over stores a network away.
import type { Stores } from "../../src/lifecycle/stores.ts";
import { countRoundTrips, delayRoundTrips } from "../../test/support/round-trips.ts";

/** Stores, and what is measured of work over them. */
export interface Probe {
  readonly stores: Stores;
  measure(work: () => Promise<unknown>): Promise<number>;
}

export type MakeProbe = (stores: Stores) => Probe;

export interface Forecast {
  readonly title: string;
  /** Tasks of one run. */
  readonly tasks: number;
  /** Whether it ends with the last answer of the stores, so that round trips can be counted. */
  readonly countable: boolean;
  /** Answers what was measured of each run. */
  run(probe: MakeProbe, rounds: number): Promise<number[]>;
}

/** Milliseconds, with so many more for each call. */
export const delayed =
  (latencyMs: number): MakeProbe =>
  (stores) => ({
    stores: latencyMs === 0 ? stores : delayRoundTrips(stores, latencyMs),
    async measure(work) {
      const start = performance.now();
      await work();
      return performance.now() - start;
    },
  });

/** Round trips, one after the other. */
export const counted: MakeProbe = (given) => {
  const { stores, measure } = countRoundTrips(given);
  return { stores, measure: async (work) => (await measure(work)).length };
};
