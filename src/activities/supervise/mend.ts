/** Finds what the queue or an agent has lost in one batch, and puts it right. */
import type { PartitionId } from "../../domain/ids.ts";
import { TaskStatus } from "../../domain/status.ts";
import type { Task } from "../../domain/task.ts";
import { toMessage } from "../../lifecycle/dispatch.ts";
import { isDecided, rollForward } from "../../lifecycle/roll-forward.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import type { Care } from "./care.ts";

export interface Patience {
  /** A dispatched task that nobody took, while its queue is empty, is lost after so long. */
  readonly republishAfterMs: number;
}

/** A decided task is carried out by its agent in less, unless that died. */
const CARRY_OUT_MS = 2_000;
const SLICE = 1_000;

/** Answers how many tasks it found. */
export async function mend(stores: Stores, care: Care, patience: Patience): Promise<number> {
  const finished = await carryOut(stores, care);
  return finished + (await republish(stores, care, patience));
}

async function carryOut(stores: Stores, { info }: Care): Promise<number> {
  const { tables, now } = stores;
  const tasks = await tables.tasks.inBatch(info.batchId, {
    statuses: [TaskStatus.PROCESSED],
    before: now() - CARRY_OUT_MS,
    limit: SLICE,
  });
  const decided = tasks.filter(isDecided);
  await rollForward(stores, decided);
  return decided.length;
}

async function republish(stores: Stores, care: Care, patience: Patience): Promise<number> {
  const { tables, queue, now } = stores;
  const tasks = await tables.tasks.inBatch(care.info.batchId, {
    statuses: [TaskStatus.SUBMITTED],
    before: now() - patience.republishAfterMs,
    limit: SLICE,
  });
  if (tasks.length === 0) return 0;
  const lost = await lostOf(stores, care, tasks);
  await queue.publish(lost.map(toMessage));
  return lost.length;
}

/** All, where the queue is empty. Where it moves, those that waited suspiciously long, ever later. */
async function lostOf({ queue, now }: Stores, care: Care, tasks: readonly Task[]): Promise<Task[]> {
  const partitions = Map.groupBy(tasks, ({ options }) => options.partitionId as PartitionId);
  const late = now() - care.patienceMs;
  const lost: Task[] = [];
  for (const [partition, some] of partitions) {
    const { waiting } = await queue.depth(partition);
    if (waiting === 0) lost.push(...some);
    else if (care.republishedAt < late) {
      const old = some.filter(({ submittedAt = 0 }) => submittedAt < late);
      if (old.length > 0) care.patienceMs *= 2;
      lost.push(...old);
    }
  }
  if (lost.length > 0) care.republishedAt = now();
  return lost;
}
