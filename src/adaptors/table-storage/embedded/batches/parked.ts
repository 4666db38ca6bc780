// Batches whose tasks all wait for later submissions.
import type { BatchKey } from "../../../../domain/batch.ts";
import type { BatchId, SessionId } from "../../../../domain/ids.ts";
import type { BatchTable } from "../../port/sessions.ts";
import type { Store } from "../store.ts";

const PARKED = `SELECT session_id, batch, batch_id FROM batches INDEXED BY batches_parked
  WHERE parked = 1 AND (session_id, batch) > (?, ?) ORDER BY session_id, batch LIMIT ?`;

type ParkedTuple = [sessionId: SessionId, batch: number, batchId: BatchId];

export const batchParking = (store: Store): Pick<BatchTable, "parked"> => ({
  parked: ({ after, limit }: { after?: BatchKey | undefined; limit: number }) =>
    store.read(() => {
      const { sessionId = "", batch = 0 } = after ?? {};
      const rows = store.tuples(PARKED).all(sessionId, batch, limit) as unknown as ParkedTuple[];
      return rows.map(([sessionId, batch, batchId]) => ({ sessionId, batch, batchId }));
    }),
});
