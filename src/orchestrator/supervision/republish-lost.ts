/** Finds what the queue or an agent has lost of one session, and puts it right. */
import type { BatchId, PartitionId } from "../../domain/ids.ts";
import { TaskStatus } from "../../domain/status.ts";
import type { Task } from "../../domain/task.ts";
import { allOf } from "../../lifecycle/all-of.ts";
import { toMessage } from "../../lifecycle/dispatch.ts";
import { isDecided, rollForward } from "../../lifecycle/roll-forward.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import { type BatchState, reschedule } from "./state.ts";

export interface Patience {
  /** A dispatched task that nobody took, while an agent of its partition is idle, is lost after this long. */
  readonly republishAfterMs: number;
  /** A decided task is carried out by its agent in less, unless that died. */
  readonly carryOutAfterMs?: number;
}

export interface Lost extends Patience {
  /** Partitions where a task has waited for this long beside an idle agent. */
  readonly partitions: ReadonlySet<PartitionId>;
}

const CARRY_OUT_MS = 2_000;
const SLICE = 1_000;

/** Looks at the batches that are due, at all of them at once; answers how many tasks it repaired. */
export async function republishLost(
  stores: Stores,
  states: readonly BatchState[],
  lost: Lost,
): Promise<number> {
  const due = states.filter(({ lostCheck: { at } }) => at <= performance.now());
  const [finished, published] = await allOf([
    carryOut(stores, due, lost),
    republish(stores, due, lost),
  ]);
  const found = batchesOf([...finished, ...published]);
  for (const { info, lostCheck } of due)
    reschedule(lostCheck, found.has(info.batchId), performance.now());
  return finished.length + published.length;
}

const batchesOf = (tasks: readonly Task[]): ReadonlySet<BatchId> =>
  new Set(tasks.map(({ batchId }) => batchId));

async function carryOut(
  stores: Stores,
  due: readonly BatchState[],
  { carryOutAfterMs = CARRY_OUT_MS }: Lost,
): Promise<readonly Task[]> {
  const tasks = await tasksIn(stores, due, TaskStatus.PROCESSED, carryOutAfterMs);
  const decided = tasks.filter(isDecided);
  try {
    await rollForward(stores, decided);
  } catch (error) {
    // One that cannot be carried out must not keep the others from it.
    if (decided.length === 1) throw error;
    const each = await Promise.allSettled(decided.map((task) => rollForward(stores, [task])));
    if (each.some(({ status }) => status === "rejected")) throw error;
  }
  return decided;
}

async function republish(
  stores: Stores,
  due: readonly BatchState[],
  lost: Lost,
): Promise<readonly Task[]> {
  const found = await allOf([lostIn(stores, due, lost), lateIn(stores, due, lost)]);
  const tasks = found.flat();
  if (tasks.length === 0) return [];
  await stores.queue.publish(tasks.map(toMessage));
  for (const state of inThese(due, tasks)) state.republishedAt = performance.now();
  return tasks;
}

const isIn = ({ partitions }: Lost, { options }: Task): boolean =>
  options.partitionId !== "" && partitions.has(options.partitionId);

const inThese = (states: readonly BatchState[], tasks: readonly Task[]): BatchState[] => {
  const batchIds = batchesOf(tasks);
  return states.filter(({ info }) => batchIds.has(info.batchId));
};

/** Those that wait beside an idle agent: all at once, and again ever more rarely while nothing moves. */
async function lostIn(stores: Stores, due: readonly BatchState[], lost: Lost): Promise<Task[]> {
  if (lost.partitions.size === 0) return [];
  const at = performance.now();
  const again = due.filter(({ republishedAt, againAfterMs }) => at - republishedAt >= againAfterMs);
  const waiting = await waitingIn(stores, again, lost.republishAfterMs);
  const tasks = waiting.filter((task) => isIn(lost, task));
  for (const state of inThese(again, tasks)) state.againAfterMs *= 2;
  return tasks;
}

/** Those that waited suspiciously long where no agent is ever idle, ever more rarely. */
async function lateIn(stores: Stores, due: readonly BatchState[], lost: Lost): Promise<Task[]> {
  const at = performance.now();
  const impatient = due.filter(({ republishedAt, patienceMs }) => at - republishedAt >= patienceMs);
  const groups = Map.groupBy(impatient, (state) => state.patienceMs);
  const waiting = await allOf(
    [...groups].map(([patienceMs, some]) => waitingIn(stores, some, patienceMs)),
  );
  const tasks = waiting.flat().filter((task) => !isIn(lost, task));
  for (const state of inThese(impatient, tasks)) state.patienceMs *= 2;
  return tasks;
}

const waitingIn = (stores: Stores, states: readonly BatchState[], olderThanMs: number) =>
  tasksIn(stores, states, TaskStatus.SUBMITTED, olderThanMs);

/** One call for all batches. */
async function tasksIn(
  { tables }: Stores,
  states: readonly BatchState[],
  status: TaskStatus,
  olderThanMs: number,
): Promise<Task[]> {
  const batchIds = states.map(({ info }) => info.batchId);
  if (batchIds.length === 0) return [];
  return await tables.tasks.inBatches(batchIds, { statuses: [status], olderThanMs, limit: SLICE });
}
