import type { BatchInfo } from "../../adaptors/table-storage/index.ts";
import { SessionStatus } from "../../domain/status.ts";
import { dispatch } from "../../lifecycle/dispatch.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import { idOf } from "../watch.ts";

/** Batches that gave up their place and may become ready without anybody noticing. */
export interface Parking {
  add(batch: BatchInfo): void;
  remove(batch: BatchInfo): void;
  /** Looks at some of them, in turn. */
  tend(): Promise<void>;
}

const EVERY_MS = 1_000;
const AT_ONCE = 20;
const SLICE = 250;

/**
 * Who completes a task dispatches what became ready, but not beyond the session's share of the
 * queue. For the rest of a parked batch that is done here: once one of its tasks is on the queue,
 * the batch counts as ready and its workflow opens it again. What this process forgets when it
 * ends, the workflow's own patrol finds.
 */
export function createParking(stores: Stores): Parking {
  const { tables, now } = stores;
  const batches = new Map<string, BatchInfo>();
  let lookedAt = 0;

  const look = async (batch: BatchInfo, isOver: boolean): Promise<void> => {
    const id = idOf(batch);
    batches.delete(id);
    if (isOver) return;
    const ready = await tables.tasks.readyInBatch(batch.batchId, SLICE);
    // To the end of the line: the others have their turn first.
    if (ready.length === 0) batches.set(id, batch);
    else await dispatch(stores, batch.sessionId, ready);
  };

  return {
    add(batch) {
      batches.set(idOf(batch), batch);
    },
    remove(batch) {
      batches.delete(idOf(batch));
    },
    async tend() {
      if (batches.size === 0 || now() - lookedAt < EVERY_MS) return;
      lookedAt = now();
      const some = [...batches.values()].slice(0, AT_ONCE);
      const statuses = await tables.sessions.statuses([
        ...new Set(some.map(({ sessionId }) => sessionId)),
      ]);
      for (const batch of some) {
        const status = statuses.get(batch.sessionId);
        await look(batch, status !== SessionStatus.RUNNING && status !== SessionStatus.PAUSED);
      }
    },
  };
}
