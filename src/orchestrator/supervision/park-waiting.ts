/** Ends the watch of batches whose tasks all wait for later submissions: they give up their place. */
import type { Stores } from "../../lifecycle/stores.ts";
import type { BatchState } from "./state.ts";
import type { Watch } from "./watch.ts";

const AT_WORK = 6;

export async function parkWaiting(
  { tables }: Stores,
  watch: Pick<Watch, "park">,
  { states, parkAfterMs }: { states: readonly BatchState[]; parkAfterMs: number },
): Promise<void> {
  const unmoved = findUnmoved(states, { parkAfterMs, at: performance.now() });
  if (unmoved.length === 0) return;
  for (const state of unmoved) state.parkAskedAt = performance.now();
  // The store parks those that do wait: what is known here are their counts.
  const parked = await tables.batches.park(unmoved.map(({ info }) => info));
  for (const key of parked) watch.park(key);
}

/**
 * Batches in which nothing has moved for long. While others of its session are at work, a batch most
 * likely waits for these. Where its counts do not say that it waits, they are right but for an
 * accident.
 */
function findUnmoved(
  states: readonly BatchState[],
  { parkAfterMs, at }: { parkAfterMs: number; at: number },
): BatchState[] {
  const waits = ({ info: { progress } }: BatchState) => progress.open === progress.pending;
  const shortestMs = states.every(waits) ? parkAfterMs : AT_WORK * parkAfterMs;
  return states.filter((state) => {
    const patienceMs = waits(state) ? shortestMs : AT_WORK * parkAfterMs;
    const since = Math.max(state.changedAt, state.parkAskedAt);
    return state.ready.length === 0 && at - since > patienceMs;
  });
}
