// Batches whose tasks all wait for later submissions.
//
//   PK1. `parked` is 0, or 1 when the batch waits, or else the time at which somebody was answered
//        that it is ready: who was to tell its workflow has done so, or it is answered again.
//   PK2. Shown counts only suggest which batches to look at: to go through the tasks of all parked
//        ones at each call would cost too much. The others are looked at by turns.
import type { BatchKey } from "../../../../domain/batch.ts";
import type { BatchId, SessionId } from "../../../../domain/ids.ts";
import type { BatchTable } from "../../../ports/table/batches.ts";
import type { Store } from "../store.ts";
import { IS_OPEN, WAITS } from "./open-tasks.ts";

const IS_READY = `NOT (${IS_OPEN} AND ${WAITS})`;
const SEEMS_READY = `NOT EXISTS (SELECT 1 FROM progress p
  WHERE p.session_id = batches.session_id AND p.batch_id = batches.batch_id
    AND p.open > 0 AND p.pending = p.open)`;

const PARK = `UPDATE batches SET parked = 1 WHERE session_id = ? AND batch = ? AND ${WAITS}`;
const PARKED = `SELECT session_id, batch, batch_id FROM batches INDEXED BY batches_waiting
  WHERE parked > 0 AND parked = 1 AND (session_id, batch) > (?, ?)
  ORDER BY session_id, batch LIMIT ?`;
const READY = `SELECT session_id, batch FROM batches INDEXED BY batches_waiting
  WHERE parked > 0 AND CASE
    WHEN parked > 1 THEN parked <= ? WHEN ${SEEMS_READY} THEN ${IS_READY} END`;
const NEXT = `SELECT session_id, batch, ${IS_READY} FROM batches INDEXED BY batches_waiting
  WHERE parked > 0 AND parked = 1 AND (session_id, batch) > (?, ?)
  ORDER BY session_id, batch LIMIT 1`;
const ANSWER = `UPDATE batches SET parked = ?4
  WHERE session_id = ?1 AND batch = ?2 AND (parked = 1 OR parked > 1 AND parked <= ?3)`;
const ANSWERED = "WHERE session_id = ? AND batch = ? AND parked > 1";
const UNPARKED = `UPDATE batches SET parked = 0 ${ANSWERED}`;
const UNTOLD = `UPDATE batches SET parked = 1 ${ANSWERED}`;

/** How often, and for how long, batches are looked at by turns. */
const TURN_EVERY_MS = 200;
const TURN_MS = 2;

type KeyTuple = readonly [sessionId: SessionId, batch: number];
type ParkedTuple = readonly [...KeyTuple, batchId: BatchId];
type NextTuple = readonly [...KeyTuple, isReady: 0 | 1];

type Parking = Pick<BatchTable, "park" | "parked" | "unparkReady" | "unparked" | "untold">;

const isSame = (one: BatchKey, other: BatchKey): boolean =>
  one.sessionId === other.sessionId && one.batch === other.batch;

const toKey = ([sessionId, batch]: KeyTuple): BatchKey => ({ sessionId, batch });

export const batchParking = (store: Store): Parking => {
  let reached: KeyTuple | undefined;
  let turnAt = Number.NEGATIVE_INFINITY;

  /** Goes on through the parked batches; answers those that are ready. */
  const lookByTurns = (): BatchKey[] => {
    const start = performance.now();
    if (start - turnAt < TURN_EVERY_MS) return [];
    turnAt = start;
    const ready: BatchKey[] = [];
    do {
      const [sessionId, batch] = reached ?? ["", 0];
      const next = store.tuples(NEXT).get(sessionId, batch) as unknown as NextTuple | undefined;
      reached = next && [next[0], next[1]];
      if (reached && next?.[2]) ready.push(toKey(reached));
    } while (reached && performance.now() - start < TURN_MS);
    return ready;
  };

  const findReady = (latest: number): BatchKey[] => {
    const ready = (store.tuples(READY).all(latest) as unknown as KeyTuple[]).map(toKey);
    const isNew = (key: BatchKey) => !ready.some((other) => isSame(key, other));
    return [...ready, ...lookByTurns().filter(isNew)];
  };

  /** Changes those of the batches that are in the state which the statement asks for. */
  const update = (text: string, keys: readonly BatchKey[], ...values: number[]) =>
    store.write(() =>
      keys.filter(({ sessionId, batch }) => {
        const { changes } = store.sql(text).run(sessionId, batch, ...values);
        return changes > 0;
      }),
    );

  return {
    async park(keys) {
      return keys.length > 0 ? await update(PARK, keys) : [];
    },

    parked: ({ after, limit }) =>
      store.read(() => {
        const { sessionId = "", batch = 0 } = after ?? {};
        const rows = store.tuples(PARKED).all(sessionId, batch, limit) as unknown as ParkedTuple[];
        return rows.map(([sessionId, batch, batchId]) => ({ sessionId, batch, batchId }));
      }),

    async unparkReady({ answeredOlderThanMs } = {}) {
      const now = store.now();
      const latest = answeredOlderThanMs === undefined ? 0 : now - answeredOlderThanMs;
      // Most calls find nothing: they should not wait for the write lock.
      const ready = await store.read(() => findReady(latest));
      return ready.length > 0 ? await update(ANSWER, ready, latest, now) : [];
    },

    async unparked(keys) {
      if (keys.length > 0) await update(UNPARKED, keys);
    },

    async untold(keys) {
      if (keys.length > 0) await update(UNTOLD, keys);
    },
  };
};
