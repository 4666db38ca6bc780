/**
 * Collects what dead creators left behind: tasks that were stored and never accepted.
 *
 *   O1. Invisible until accepted, so collecting late costs nothing, and early must not happen: a
 *       creator that is merely slow would see its tasks vanish.
 *   O2. A staged subtask belongs to its parent's attempt as long as the parent is not final.
 */
import type { TaskId } from "../domain/ids.ts";
import { FINAL_TASK_STATUSES } from "../domain/status.ts";
import type { Task } from "../domain/task.ts";
import { endLate } from "./cancel.ts";
import type { Stores } from "./stores.ts";

const SLICE = 1_000;

/** Answers how many tasks it removed. */
export async function collectOrphans(stores: Stores, olderThanMs: number): Promise<number> {
  const { tables } = stores;
  const orphans = await tables.tasks.orphans({ olderThanMs, limit: SLICE });
  const creators = new Set(orphans.flatMap(({ createdBy }) => createdBy || []));
  const alive = await unfinished(tables.tasks, [...creators]);
  const lost = orphans.filter(({ createdBy }) => createdBy === "" || !alive.has(createdBy));
  if (lost.length === 0) return 0;
  await tables.results.transfer(claimsOf(lost).map((claim) => ({ ...claim, ...FREED })));
  // What they claimed was nobody's to abort when their session was cancelled.
  await endLate(stores, [...new Set(lost.map(({ sessionId }) => sessionId))]);
  await tables.tasks.discard(lost.map(({ taskId }) => taskId));
  return lost.length - (await giveBack(tables, lost));
}

const FREED = { to: "" } as const;

const claimsOf = (tasks: readonly Task[]) =>
  tasks.flatMap(({ taskId, expectedOutputIds }) =>
    expectedOutputIds.map((resultId) => ({ resultId, from: taskId })),
  );

async function unfinished(tasks: Stores["tables"]["tasks"], ids: readonly TaskId[]) {
  const found = await tasks.get(ids);
  const open = found.filter(({ status }) => !FINAL_TASK_STATUSES.includes(status));
  return new Set(open.map(({ taskId }) => taskId));
}

/** Tasks accepted at the last moment after all keep their outputs. */
async function giveBack({ tasks, results }: Stores["tables"], lost: readonly Task[]) {
  const accepted = await tasks.get(lost.map(({ taskId }) => taskId));
  await results.claim(claimsOf(accepted).map(({ resultId, from }) => ({ resultId, taskId: from })));
  return accepted.length;
}
