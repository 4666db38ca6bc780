/**
 * Keeps a session's share of the queue filled with what is ready in its open batches.
 *
 *   FQ1. The share is a range, not the whole window: pause, cancel and priority act on what has not
 *       been dispatched. But a share that does not move never holds back others for long, since
 *       it may stand in a partition without agents.
 *   FQ2. Who completes a task dispatches what became ready, as far as its own limit allows. A queue
 *       that was deep and is not any more is therefore a reason to look for what was left out.
 *   FQ3. One call looks at all batches that are due, and there is none that the counts of a batch
 *       alone could keep from being due.
 */
import type { SessionId, TaskId } from "../../domain/ids.ts";
import { dispatch } from "../../lifecycle/dispatch.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import { type BatchState, reschedule } from "./state.ts";

/** What is remembered of a session between two looks. */
export interface Share {
  /** The queue was so deep that direct dispatch may have left something out. */
  deep: boolean;
  dispatchedAt: number;
}

/** 10,000 tasks in one call are an everyday size: they are on the queue as soon as they can be. */
const HIGH = 10_240;
const LOW = HIGH - 1_024;
const DEEP = 128;
const SLICE = 250;
const STALLED_MS = 1_000;

/** Answers how many tasks it put on the queue. */
export async function feedQueue(
  stores: Stores,
  sessionId: SessionId,
  states: readonly BatchState[],
  share: Share,
): Promise<number> {
  await findReady(stores, sessionId, states, share);
  if (states.every(({ ready }) => ready.length === 0)) return 0;
  const room = await roomFor(stores, sessionId, states, share);
  let dispatched = 0;
  while (dispatched < room) {
    const slice = take(states, Math.min(SLICE, room - dispatched));
    if (slice.length === 0) break;
    dispatched += await dispatch(stores, sessionId, slice);
  }
  if (dispatched > 0) share.dispatchedAt = performance.now();
  return dispatched;
}

/** Looks for ready tasks in the batches for which it is time to. */
async function findReady(
  stores: Stores,
  sessionId: SessionId,
  states: readonly BatchState[],
  share: Share,
): Promise<void> {
  const { tables } = stores;
  const known = states.reduce((sum, { ready }) => sum + ready.length, 0);
  const empty = states.filter(({ ready }) => ready.length === 0);
  if (known >= HIGH || empty.length === 0) return;
  let due = empty.filter(({ readyCheck: { at } }) => at <= performance.now());
  if (due.length === 0 && (await isLeftOut(stores, sessionId, share)))
    due = empty.filter(({ info: { progress } }) => progress.pending > 0);
  if (due.length === 0) return;
  const batchIds = due.map(({ info: { batchId } }) => batchId);
  const found = await tables.tasks.readyInBatches(batchIds, HIGH - known);
  // Those beyond the end of the answer stay due.
  for (const [i, ready] of found.entries()) {
    const state = due[i] as BatchState;
    state.ready = ready;
    reschedule(state.readyCheck, ready.length > 0, performance.now());
  }
}

/** Has the queue been deep, and is it not any more? */
async function isLeftOut({ tables }: Stores, sessionId: SessionId, share: Share): Promise<boolean> {
  const wasDeep = share.deep;
  share.deep = (await tables.tasks.roomBelow(sessionId, DEEP)) === 0;
  return wasDeep && !share.deep;
}

/** How many tasks may be put on the queue now. */
async function roomFor(
  { tables }: Stores,
  sessionId: SessionId,
  states: readonly BatchState[],
  share: Share,
): Promise<number> {
  const room = await tables.tasks.roomBelow(sessionId, HIGH);
  if (room <= HIGH - DEEP) share.deep = true;
  if (room > HIGH - LOW) return room;
  return performance.now() - share.dispatchedAt > STALLED_MS ? SLICE * states.length : 0;
}

/** The next ready tasks, in the order of the batches. */
function take(states: readonly BatchState[], count: number): TaskId[] {
  const taken: TaskId[] = [];
  for (const { ready } of states) {
    if (taken.length === count) break;
    taken.push(...ready.splice(0, count - taken.length));
  }
  return taken;
}
