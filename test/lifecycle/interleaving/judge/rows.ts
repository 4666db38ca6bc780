import type { BatchInfo } from "../../../../src/adaptors/table-storage.ts";
import type { BatchProgress } from "../../../../src/domain/batch.ts";
import { TaskStatus } from "../../../../src/domain/status.ts";
import type { Task } from "../../../../src/domain/task.ts";
import type { Chronicle } from "../chronicle.ts";
import { isFinal, type Scene } from "./scene.ts";

/** I1, B1–B3: every task is in a batch that is on record, closed ones are done, and all know what is open. */
export async function judgeBatches({ world, tasks }: Scene): Promise<string[]> {
  const { sessionId, stores } = world;
  const keys = Array.from({ length: 1_000 }, (_, i) => ({ sessionId, batch: i + 1 }));
  const complaints: string[] = [];
  const members = Map.groupBy(tasks.values(), ({ batchId }) => batchId);
  // What is shown may lag, or have been left wrong by who died.
  await stores.tables.counts.recount(sessionId);
  const infos = await stores.tables.batches.get(keys);
  for (const [i, info] of infos.entries()) {
    const { batch, batchId } = info;
    if (batch !== i + 1) complaints.push(`B1: no batch ${i + 1}`);
    complaints.push(...judgeProgress(info, members.get(batchId) ?? []));
    complaints.push(...judgeClosure(info, world.chronicle));
    members.delete(batchId);
  }
  for (const batchId of members.keys()) complaints.push(`I1: batch ${batchId} is not on record`);
  return complaints;
}

function judgeClosure(now: BatchInfo, { closed, isCut }: Chronicle): string[] {
  const then = closed.get(now.batchId);
  if (!then) return [];
  const { batch, isOpen } = now;
  const [was, is] = [JSON.stringify(then.progress), JSON.stringify(now.progress)];
  return [
    ...(isOpen || then.isOpen ? [`B2: batch ${batch} was closed and is open`] : []),
    // Whoever was cut has left what is shown wrong.
    ...(isCut || was === is ? [] : [`B2: batch ${batch} was closed with ${was} and has ${is}`]),
  ];
}

function judgeProgress({ batch, isOpen, progress }: BatchInfo, tasks: readonly Task[]): string[] {
  const is = progressOf(tasks);
  const { open, pending, completed, failed } = progress;
  const shown = JSON.stringify({ open, pending, completed, failed });
  const has = JSON.stringify(is);
  return [
    ...(shown === has ? [] : [`B3: batch ${batch} shows ${shown} and has ${has}`]),
    ...(isOpen === is.open > 0 ? [] : [`B2: batch ${batch} says open ${isOpen}, and has ${has}`]),
  ];
}

function progressOf(tasks: readonly Task[]): BatchProgress {
  const count = (which: (task: Task) => boolean): number => tasks.filter(which).length;
  const completed = count(({ status }) => status === TaskStatus.COMPLETED);
  const retried = count(({ status }) => status === TaskStatus.RETRIED);
  return {
    open: count((task) => !isFinal(task)),
    pending: count(({ status }) => status === TaskStatus.PENDING),
    ...{ completed, failed: count(isFinal) - completed - retried },
  };
}

/** Nothing is left of what has ended, or never counted. */
export async function judgeRest({ world, tasks, results }: Scene): Promise<string[]> {
  const { tables } = world.stores;
  const complaints: string[] = [];
  const open = [...tasks.values()].filter((task) => !isFinal(task)).map(({ taskId }) => taskId);
  for (const taskId of await tables.dependencies.ready(open))
    complaints.push(`AD2: ${taskId} waits for nothing`);
  // Twice: a sweep goes on where the one before it stopped.
  await tables.sweep({ olderThanMs: 0 });
  await tables.sweep({ olderThanMs: 0 });
  for (const taskId of await tables.dependencies.dependents([...results.keys()]))
    if (!open.includes(taskId)) complaints.push(`D1: an edge of ${taskId} is left`);
  for (const { taskId } of await tables.tasks.expired({ olderThanMs: 0, limit: 10 }))
    complaints.push(`OR4: ${taskId} has expired and was not forgotten`);
  for (const { taskId } of await tables.tasks.orphans({ olderThanMs: 0, limit: 10 }))
    complaints.push(`OR1: ${taskId} was left behind by its creator`);
  return complaints;
}
