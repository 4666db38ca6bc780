/**
 * Collects what dead creators left behind: tasks that were stored and never accepted.
 *
 *   OR1. Invisible until accepted, so collecting late costs nothing. Early would cost a submission:
 *       the creator of a task holds a lease as long as it lives, and one that was held up for
 *       longer finds out when it accepts (AD4).
 *   OR2. A staged subtask belongs to its parent's attempt as long as the parent is not final.
 *   OR3. Either a task is accepted or it expires, and its claims are freed after that: no accepted
 *       task loses its outputs.
 *   OR4. Its row outlives a task: a creator that comes back may claim outputs for it before it finds
 *       out, and may die then. They are freed once more before the row, which names them, goes.
 */
import type { TaskId } from "../domain/ids.ts";
import { FINAL_TASK_STATUSES } from "../domain/status.ts";
import type { Task } from "../domain/task.ts";
import { endLate } from "./cancel.ts";
import type { Stores } from "./stores.ts";
import { claimsOf } from "./take-back.ts";

type TaskTable = Stores["tables"]["tasks"];

const SLICE = 1_000;
/** Longer than a creator is held up. */
const FORGET_MS = 3_600_000;

/**
 * Answers how many tasks it has ended.
 *
 * @param forgetMs how long the rows of ended tasks stay (OR4).
 */
export async function collectOrphans(
  stores: Stores,
  olderThanMs: number,
  forgetMs = FORGET_MS,
): Promise<number> {
  const { tasks } = stores.tables;
  const lost = await expireOrphans(tasks, olderThanMs);
  await freeClaims(stores, lost);
  const forgotten = await tasks.expired({ olderThanMs: forgetMs, limit: SLICE });
  await freeClaims(stores, forgotten);
  await tasks.discard(forgotten.map(({ taskId }) => taskId));
  return lost.length;
}

async function freeClaims(stores: Stores, lost: readonly Task[]): Promise<void> {
  if (lost.length === 0) return;
  const claims = claimsOf(lost).map((claim) => ({ ...claim, to: "" as const }));
  await stores.tables.results.transfer(claims);
  // What they claimed was nobody's to abort when their session was cancelled.
  await endLate(stores, [...new Set(lost.map(({ sessionId }) => sessionId))]);
}

/** From here on their creator cannot accept them, should it come back: OR3. */
async function expireOrphans(tasks: TaskTable, olderThanMs: number): Promise<readonly Task[]> {
  const orphans = await tasks.orphans({ olderThanMs, limit: SLICE });
  const creators = new Set(orphans.flatMap(({ createdBy }) => createdBy || []));
  const alive = await unfinished(tasks, [...creators]);
  const lost = orphans.filter(({ createdBy }) => createdBy === "" || !alive.has(createdBy));
  const expired = await tasks.expire(lost.map(({ taskId }) => taskId));
  return lost.filter((_, i) => expired[i]);
}

async function unfinished(tasks: TaskTable, ids: readonly TaskId[]) {
  const found = await tasks.get(ids);
  const open = found.filter(({ status }) => !FINAL_TASK_STATUSES.includes(status));
  return new Set(open.map(({ taskId }) => taskId));
}
