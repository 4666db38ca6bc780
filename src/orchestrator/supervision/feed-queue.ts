/**
 * Keeps a session's share of the queue filled with what is ready in its open batches.
 *
 *   Q1. The share is a range, not the whole window: pause, cancel and priority act on what has not
 *       been dispatched. But a share that does not move never holds back others for long, since
 *       it may stand in a partition without agents.
 *   Q2. Who completes a task dispatches what became ready, as far as its own limit allows. A queue
 *       that was deep and is not any more is therefore a reason to look for what was left out.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { SessionId } from "../../domain/ids.ts";
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
/** More than a batch has by the rules of cutting; a grown one is read in several rounds. */
const AT_ONCE = 4_000;

/** Answers how many tasks it put on the queue. */
export async function feedQueue(
  stores: Stores,
  sessionId: SessionId,
  states: readonly BatchState[],
  share: Share,
): Promise<number> {
  const { tables, now } = stores;
  const queued = await tables.tasks.queuedCount(sessionId);
  if (queued >= DEEP) share.deep = true;
  const leftOut = share.deep && queued < DEEP;
  if (leftOut) share.deep = false;
  let room = queued < LOW ? HIGH - queued : 0;
  if (room === 0 && now() - share.dispatchedAt > STALLED_MS) room = SLICE * states.length;
  let dispatched = 0;
  for (const state of states) {
    if (room <= dispatched) break;
    await check(stores, state, leftOut);
    dispatched += await dispatchReady(stores, sessionId, state, room - dispatched);
  }
  if (dispatched > 0) share.dispatchedAt = now();
  return dispatched;
}

/** Looks for ready tasks, when it is time to. */
async function check({ tables, now }: Stores, state: BatchState, leftOut: boolean): Promise<void> {
  const { info, ready } = state;
  if (ready.length > 0) return;
  const hint = leftOut && info.progress.pending > 0;
  if (!hint && state.check.at > now()) return;
  // A store may answer without ever letting others have their turn.
  await nextTurn();
  state.ready = await tables.tasks.readyInBatch(info.batchId, AT_ONCE);
  reschedule(state.check, state.ready.length > 0, now());
}

async function dispatchReady(
  stores: Stores,
  sessionId: SessionId,
  state: BatchState,
  room: number,
): Promise<number> {
  let dispatched = 0;
  while (state.ready.length > 0 && dispatched < room) {
    const slice = state.ready.splice(0, Math.min(SLICE, room - dispatched));
    dispatched += await dispatch(stores, sessionId, slice);
  }
  return dispatched;
}
