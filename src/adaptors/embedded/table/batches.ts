//   B1. A batch is stored under the number after the last one of its session; one writer at a time.
//   B2. It is closed by the statement that looks for open tasks, and one writer at a time adds any.
//   B3. Progress is kept by batch id in its own rows, whether or not the batch is stored yet.
import type { BatchKey, NewBatch } from "../../../domain/batch.ts";
import type { BatchId, SessionId } from "../../../domain/ids.ts";
import type { BatchInfo, BatchTable } from "../../ports/table/batches.ts";
import { batchAnnouncing } from "./batches/announcing.ts";
import { IS_OPEN } from "./batches/open-tasks.ts";
import { batchParking } from "./batches/parked.ts";
import type { Ledger } from "./ledger.ts";
import type { Store } from "./store.ts";
import { readEach } from "./turns.ts";

const FIND = "SELECT session_id, batch FROM batches WHERE batch_id = ?";
const ADD = `INSERT INTO batches (session_id, batch, batch_id, name, linger_ms, stored_at)
  SELECT ?1, coalesce(max(batch), 0) + 1, ?2, ?3, ?4, ?5 FROM batches WHERE session_id = ?1
  ON CONFLICT (batch_id) DO NOTHING`;
const REFUSES = "SELECT 1 FROM batches WHERE batch_id = ? AND (closed = 1 OR parked > 0)";
const CLOSE = `UPDATE batches SET closed = 1 WHERE session_id = ? AND batch = ? AND NOT ${IS_OPEN}`;
const GET = `SELECT batches.session_id, batch, batches.batch_id, name, linger_ms,
    ${IS_OPEN} AS is_open,
    coalesce(p.open, 0) AS open, coalesce(p.pending, 0) AS pending,
    coalesce(p.completed, 0) AS completed, coalesce(p.failed, 0) AS failed
  FROM batches
  LEFT JOIN progress p ON p.session_id = batches.session_id AND p.batch_id = batches.batch_id
  WHERE batches.session_id = ? AND batch = ?`;

interface BatchRow {
  readonly session_id: SessionId;
  readonly batch: number;
  readonly batch_id: BatchId;
  readonly name: string | null;
  readonly linger_ms: number | null;
  readonly is_open: 0 | 1;
  readonly open: number;
  readonly pending: number;
  readonly completed: number;
  readonly failed: number;
}

const toInfo = (row: BatchRow): BatchInfo => ({
  sessionId: row.session_id,
  batch: row.batch,
  batchId: row.batch_id,
  name: row.name ?? undefined,
  lingerMs: row.linger_ms ?? undefined,
  isOpen: row.is_open === 1,
  progress: {
    open: row.open,
    pending: row.pending,
    completed: row.completed,
    failed: row.failed,
  },
});

export const batchTable = (store: Store): BatchTable => {
  const addOne = (added: NewBatch, ledger: Ledger): BatchKey => {
    const { batchId, sessionId, name = null, lingerMs = null } = added;
    const { changes } = store.sql(ADD).run(sessionId, batchId, name, lingerMs, store.now());
    if (changes === 1) ledger.progressed();
    const row = store.sql(FIND).get(batchId) as unknown as Pick<BatchRow, "session_id" | "batch">;
    return { sessionId: row.session_id, batch: row.batch };
  };

  const infoOf = ({ sessionId, batch }: BatchKey): BatchInfo[] => {
    const row = store.sql(GET).get(sessionId, batch) as BatchRow | undefined;
    return row ? [toInfo(row)] : [];
  };

  return {
    ...batchAnnouncing(store),
    ...batchParking(store),

    async add(batches) {
      if (batches.length === 0) return [];
      return store.write((ledger) => batches.map((batch) => addOne(batch, ledger)));
    },

    // Reading is enough: one writer at a time, and the tasks were written before.
    join: (batchId) => store.read(() => store.sql(REFUSES).get(batchId) === undefined),

    async close(keys) {
      if (keys.length === 0) return [];
      return store.write(() => {
        const close = store.sql(CLOSE);
        const closed = keys.filter(({ sessionId: id, batch }) => close.run(id, batch).changes > 0);
        return closed.flatMap(infoOf);
      });
    },

    get: async (keys) => (await readEach(store, keys, infoOf)).flat(),
  };
};
