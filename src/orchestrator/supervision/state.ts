// What is remembered between two looks. Its times are of this process alone, and of a clock that
// does not jump: `performance.now()`.
import type { BatchInfo } from "../../adaptors/table-storage.ts";
import type { TaskId } from "../../domain/ids.ts";

/** When to look for something again: soon while something is found, ever later while not. */
export interface Schedule {
  at: number;
  everyMs: number;
}

/** What is remembered of a followed batch between two looks. Forgetting it costs time only. */
export interface BatchState {
  info: BatchInfo;
  /** Since when its progress is as it is. */
  changedAt: number;
  /** When the store was last asked to park it. */
  parkAskedAt: number;
  /** Found ready and not put on the queue yet. */
  ready: TaskId[];
  /** Tasks that are ready and not dispatched. */
  readonly readyCheck: Schedule;
  /** Tasks that the queue or an agent lost. */
  readonly lostCheck: Schedule;
  /** How long a task may wait where no agent is idle before it is taken for lost. */
  patienceMs: number;
  /** The pause before what was taken for lost is so again. */
  againAfterMs: number;
  republishedAt: number;
}

/** Before all times. */
export const NEVER = Number.NEGATIVE_INFINITY;

const SOON_MS = 1_000;
const LATEST_MS = 5_000;
const PATIENCE_MS = 60_000;

export const createBatchState = (info: BatchInfo, now: number): BatchState => ({
  info,
  changedAt: now,
  parkAskedAt: now,
  ready: [],
  // A batch without waiting tasks was dispatched by its submitter: nothing to do at once.
  readyCheck: { at: info.progress.pending > 0 ? now : now + SOON_MS, everyMs: SOON_MS },
  lostCheck: { at: now + SOON_MS, everyMs: SOON_MS },
  patienceMs: PATIENCE_MS,
  againAfterMs: SOON_MS,
  republishedAt: NEVER,
});

export function noteProgress(state: BatchState, info: BatchInfo, now: number): void {
  const { open, pending, completed, failed } = state.info.progress;
  const next = info.progress;
  const same =
    next.open === open &&
    next.pending === pending &&
    next.completed === completed &&
    next.failed === failed;
  state.info = info;
  if (same) return;
  state.changedAt = now;
  state.againAfterMs = SOON_MS;
}

export function reschedule(schedule: Schedule, found: boolean, now: number): void {
  schedule.everyMs = found ? SOON_MS : Math.min(LATEST_MS, 2 * schedule.everyMs);
  schedule.at = now + schedule.everyMs;
}
