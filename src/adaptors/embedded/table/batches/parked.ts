// Batches whose tasks all wait for later submissions.
//
//   K1. `parked` is 0, or 1 when the batch waits, or else the time at which somebody was answered
//       that it is ready: who was to tell its workflow has done so, or it is answered again.
import type { BatchId, SessionId } from "../../../../domain/ids.ts";
import type { BatchTable } from "../../../ports/table/batches.ts";
import type { Store } from "../store.ts";

const PARK = "UPDATE batches SET parked = 1 WHERE session_id = ? AND batch = ?";
const PARKED = `SELECT session_id, batch, batch_id FROM batches INDEXED BY batches_waiting
  WHERE parked > 0 AND parked = 1 AND (session_id, batch) > (?, ?)
  ORDER BY session_id, batch LIMIT ?`;
// Ready or final tasks are those that are open and not PENDING, or not open any more.
const READY = `parked > 0 AND (parked = 1 AND NOT EXISTS (
    SELECT 1 FROM progress p
    WHERE p.session_id = batches.session_id AND p.batch_id = batches.batch_id
      AND p.open > 0 AND p.pending = p.open)
  OR parked > 1 AND parked <= ?1)`;
const IS_ANY_READY = `SELECT 1 FROM batches INDEXED BY batches_waiting WHERE ${READY} LIMIT 1`;
const ANSWER = `UPDATE batches INDEXED BY batches_waiting SET parked = ?2 WHERE ${READY}
  RETURNING session_id, batch`;
const UNPARKED = `UPDATE batches SET parked = 0
  WHERE session_id = ? AND batch = ? AND parked > 1`;

type ParkedTuple = [sessionId: SessionId, batch: number, batchId: BatchId];

type Parking = Pick<BatchTable, "park" | "parked" | "unparkReady" | "unparked">;

export const batchParking = (store: Store): Parking => ({
  async park({ sessionId, batch }) {
    await store.write(() => {
      store.sql(PARK).run(sessionId, batch);
    });
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
    if (!(await store.read(() => store.sql(IS_ANY_READY).get(latest)))) return [];
    return store.write(() => {
      const rows = store.sql(ANSWER).all(latest, now);
      return rows.map((row) => ({
        sessionId: row["session_id"] as SessionId,
        batch: row["batch"] as number,
      }));
    });
  },

  async unparked(keys) {
    if (keys.length === 0) return;
    await store.write(() => {
      for (const { sessionId, batch } of keys) store.sql(UNPARKED).run(sessionId, batch);
    });
  },
});
