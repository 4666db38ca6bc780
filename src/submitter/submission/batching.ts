// Puts submissions into batches, which is what supervision counts in.
//
//   BA1. A stream of small calls to a session that is not small does not make a batch per call: a
//       call joins the batch that this process made last, until that is full or closed.
//   BA2. However slow the stream is, compared with its tasks: its batches linger for some times the
//       pause between two calls. A single late call is no stream: its batch ends with its tasks.
//   BA3. What is remembered is a guess. The store decides whether a batch may still be joined.
import { LRUCache } from "lru-cache";
import { cut, isSmallAddition, LARGEST_BATCH } from "../../domain/batch.ts";
import { type BatchId, batchId, type SessionId } from "../../domain/ids.ts";
import type { Grid } from "../grid.ts";

/** What this process remembers of a session's submissions. */
interface Stream {
  readonly last?: { readonly cut: Cut; taskCount: number };
  /** When the last small call came. */
  readonly calledAt?: number;
  /** The longest pause between small calls, of late. */
  readonly pauseMs?: number;
}

/** Runs of tasks, in order: the first `size` go to the first batch, and so on. */
export interface Cut {
  readonly batchId: BatchId;
  readonly size: number;
  /** One task that people should recognise. */
  readonly isNamed: boolean;
  readonly lingerMs?: number | undefined;
}

export interface Batching {
  /** The batch to try to join, if there is one with room; counts the tasks in. */
  joinable(sessionId: SessionId, soFar: number, count: number): Cut | undefined;
  /** The batch takes no more tasks. */
  forget(sessionId: SessionId, batchId: BatchId): void;
  /** New batches for this many tasks. */
  cut(sessionId: SessionId, soFar: number, count: number): Cut[];
  /** Tasks of the session so far. */
  soFar(sessionId: SessionId): Promise<number>;
}

/** Sessions remembered; one forgotten costs a batch more. */
const REMEMBERED = 10_000;
const PAUSES = 4;
const SHORTEST_LINGER_MS = 5_000;
/** A batch that lingers is an activity that heartbeats: streams slower than this pay by the call. */
const LONGEST_LINGER_MS = 600_000;
/** A long pause is forgotten over some tens of calls. */
const FORGETTING = 0.95;

function noteCall({ calledAt, pauseMs = 0, ...stream }: Stream, at: number): Stream {
  if (calledAt === undefined) return { ...stream, calledAt: at };
  return { ...stream, calledAt: at, pauseMs: Math.max(at - calledAt, FORGETTING * pauseMs) };
}

function lingerOf({ pauseMs }: Stream): number | undefined {
  if (pauseMs === undefined || pauseMs > LONGEST_LINGER_MS) return undefined;
  return Math.min(LONGEST_LINGER_MS, Math.max(SHORTEST_LINGER_MS, PAUSES * pauseMs));
}

export function createBatching({ stores, newId }: Grid): Batching {
  const { batches } = stores.tables;
  const { singleTasks } = stores.scheduling;
  const streams = new LRUCache<SessionId, Stream>({ max: REMEMBERED });
  return {
    joinable(sessionId, soFar, count) {
      if (!isSmallAddition(soFar, count, singleTasks)) return undefined;
      const stream = noteCall(streams.get(sessionId) ?? {}, stores.now());
      streams.set(sessionId, stream);
      const { last } = stream;
      if (!last || last.taskCount + count > LARGEST_BATCH) return undefined;
      last.taskCount += count;
      return { ...last.cut, size: count };
    },

    forget(sessionId, closed) {
      const { last, ...stream } = streams.get(sessionId) ?? {};
      if (last?.cut.batchId === closed) streams.set(sessionId, stream);
    },

    cut(sessionId, soFar, count) {
      const stream = streams.get(sessionId) ?? {};
      const lingerMs = isSmallAddition(soFar, count, singleTasks) ? lingerOf(stream) : undefined;
      const isNamed = soFar + count <= singleTasks;
      const cuts = cut(soFar, count, singleTasks).map((size) => ({
        ...{ batchId: batchId(newId()), size, isNamed, lingerMs },
      }));
      const newest = cuts.at(-1);
      if (newest && !isNamed) {
        streams.set(sessionId, { ...stream, last: { cut: newest, taskCount: newest.size } });
      }
      return cuts;
    },

    soFar: (sessionId) => batches.taskCount(sessionId),
  };
}
