//   B1. One writer at a time numbers the batches, so numbers have no gaps.
//   B2. It also closes them in the transaction in which it looked for open tasks.
//   B3. Progress is kept by batch id in its own rows, whether or not the batch is stored yet.
import type { BatchKey, NewBatch } from "../../../domain/batch.ts";
import type { BatchId, SessionId } from "../../../domain/ids.ts";
import type { BatchInfo, BatchTable } from "../../ports/table/batches.ts";
import { batchAnnouncing } from "./batches/announcing.ts";
import { batchParking } from "./batches/parked.ts";
import type { Store } from "./store.ts";

const FIND = "SELECT session_id, batch FROM batches WHERE batch_id = ?";
const NEXT = `INSERT INTO batch_marks (session_id, last) VALUES (?, 1)
  ON CONFLICT DO UPDATE SET last = last + 1
  RETURNING last`;
const ADD = `INSERT INTO batches (session_id, batch, batch_id, name, linger_ms, stored_at)
  VALUES (?, ?, ?, ?, ?, ?)`;
const REFUSES = "SELECT 1 FROM batches WHERE batch_id = ? AND (closed = 1 OR parked > 0)";
const CLOSE = `UPDATE batches SET closed = 1
  WHERE session_id = ?1 AND batch = ?2 AND NOT EXISTS (
    SELECT 1 FROM progress p
    WHERE p.session_id = ?1 AND p.batch_id = batches.batch_id AND p.open > 0)
  RETURNING batch`;
const PROGRESS = `SELECT b.session_id, b.batch, b.batch_id, b.name, b.linger_ms,
    coalesce(p.open, 0) AS open, coalesce(p.pending, 0) AS pending,
    coalesce(p.completed, 0) AS completed, coalesce(p.failed, 0) AS failed
  FROM batches b
  LEFT JOIN progress p ON p.session_id = b.session_id AND p.batch_id = b.batch_id
  WHERE b.session_id = ? AND b.batch = ?`;

interface ProgressRow {
  readonly session_id: SessionId;
  readonly batch: number;
  readonly batch_id: BatchId;
  readonly name: string | null;
  readonly linger_ms: number | null;
  readonly open: number;
  readonly pending: number;
  readonly completed: number;
  readonly failed: number;
}

const toInfo = (row: ProgressRow): BatchInfo => ({
  sessionId: row.session_id,
  batch: row.batch,
  batchId: row.batch_id,
  name: row.name ?? undefined,
  lingerMs: row.linger_ms ?? undefined,
  progress: {
    open: row.open,
    pending: row.pending,
    completed: row.completed,
    failed: row.failed,
  },
});

const toKey = (row: unknown): BatchKey => {
  const { session_id, batch } = row as { session_id: SessionId; batch: number };
  return { sessionId: session_id, batch };
};

export const batchTable = (store: Store): BatchTable => {
  const addOne = (added: NewBatch, now: number): BatchKey => {
    const { batchId, sessionId, name = null, lingerMs = null } = added;
    const { last: batch } = store.sql(NEXT).get(sessionId) as { last: number };
    store.sql(ADD).run(sessionId, batch, batchId, name, lingerMs, now);
    return { sessionId, batch };
  };

  const infosOf = (keys: readonly BatchKey[]): BatchInfo[] => {
    const progress = store.sql(PROGRESS);
    return keys
      .map(({ sessionId, batch }) => progress.get(sessionId, batch))
      .filter((row) => row !== undefined)
      .map((row) => toInfo(row as unknown as ProgressRow));
  };

  return {
    ...batchAnnouncing(store),
    ...batchParking(store),

    async add(batches) {
      if (batches.length === 0) return [];
      return store.write((ledger) => {
        const now = store.now();
        return batches.map((batch) => {
          const known = store.sql(FIND).get(batch.batchId);
          if (!known) ledger.progressed();
          return known ? toKey(known) : addOne(batch, now);
        });
      });
    },

    // Reading is enough: one writer at a time, and the tasks were written before.
    join: (batchId) => store.read(() => store.sql(REFUSES).get(batchId) === undefined),

    async close(keys) {
      if (keys.length === 0) return [];
      return store.write(() => {
        const close = store.sql(CLOSE);
        return infosOf(keys.filter(({ sessionId: id, batch }) => close.get(id, batch)));
      });
    },

    async progress(keys) {
      if (keys.length === 0) return [];
      return store.read(() => infosOf(keys));
    },
  };
};
