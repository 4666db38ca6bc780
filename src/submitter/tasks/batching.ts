// Cuts submissions into batches, which is what supervision counts in.
//
//   C1. A stream of small calls to a large session does not make batches of one: a call joins the
//       batch that this process made last, until that is full or sealed.
//   C2. What is remembered is a guess. The store decides whether a batch may still be joined.
import { LRUCache } from "lru-cache";
import { cut, LARGEST_BATCH } from "../../domain/batch.ts";
import { type BatchId, batchId, type SessionId } from "../../domain/ids.ts";
import type { Grid } from "../grid.ts";

interface Last {
  readonly batchId: BatchId;
  taskCount: number;
}

/** Runs of tasks, in order: the first `size` go to the first batch, and so on. */
export interface Cut {
  readonly batchId: BatchId;
  readonly size: number;
}

export interface Batching {
  /** The batch to try to join, if there is one with room; counts the tasks in. */
  joinable(sessionId: SessionId, soFar: number, count: number): BatchId | undefined;
  /** The batch is sealed. */
  forget(sessionId: SessionId, batchId: BatchId): void;
  /** New batches for so many tasks. */
  cut(sessionId: SessionId, soFar: number, count: number): Cut[];
  /** Tasks of the session so far. */
  soFar(sessionId: SessionId): Promise<number>;
}

/** Sessions remembered; one forgotten costs a batch more. */
const REMEMBERED = 10_000;

export function createBatching({ stores, newId, settings }: Grid): Batching {
  const { batches } = stores.tables;
  const { singleUpTo } = settings;
  const last = new LRUCache<SessionId, Last>({ max: REMEMBERED });
  return {
    joinable(sessionId, soFar, count) {
      const open = last.get(sessionId);
      if (!open || soFar + count <= singleUpTo) return undefined;
      if (open.taskCount + count > LARGEST_BATCH) return undefined;
      if (cut(soFar, count, singleUpTo).length > 1) return undefined;
      open.taskCount += count;
      return open.batchId;
    },

    forget(sessionId, sealed) {
      if (last.get(sessionId)?.batchId === sealed) last.delete(sessionId);
    },

    cut(sessionId, soFar, count) {
      const cuts = cut(soFar, count, singleUpTo).map((size) => ({
        batchId: batchId(newId()),
        size,
      }));
      const newest = cuts.at(-1);
      if (newest && soFar + count > singleUpTo)
        last.set(sessionId, { batchId: newest.batchId, taskCount: newest.size });
      return cuts;
    },

    soFar: (sessionId) => batches.taskCount(sessionId),
  };
}
