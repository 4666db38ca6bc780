/** Finds what the queue or an agent has lost of one session, and puts it right. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { PartitionId } from "../../domain/ids.ts";
import { TaskStatus } from "../../domain/status.ts";
import type { Task } from "../../domain/task.ts";
import { toMessage } from "../../lifecycle/dispatch.ts";
import { isDecided, rollForward } from "../../lifecycle/roll-forward.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import { type BatchState, reschedule } from "./state.ts";

export interface Patience {
  /** A dispatched task that nobody took, while an agent of its partition is idle, is lost after so long. */
  readonly republishAfterMs: number;
  /** A decided task is carried out by its agent in less, unless that died. */
  readonly carryOutAfterMs?: number;
}

export interface Lost extends Patience {
  /** Partitions where a task has waited for so long beside an idle agent. */
  readonly partitions: ReadonlySet<PartitionId>;
}

const CARRY_OUT_MS = 2_000;
const SLICE = 1_000;

/** Looks at the batches that are due; answers how many tasks it put right. */
export async function mend(
  stores: Stores,
  states: readonly BatchState[],
  lost: Lost,
): Promise<number> {
  const due = states.filter(({ mend: { at } }) => at <= stores.now());
  let republished = 0;
  for (const state of due) {
    await nextTurn();
    const finished = await carryOut(stores, state, lost);
    const published = await republish(stores, state, lost);
    reschedule(state.mend, finished + published > 0, stores.now());
    republished += finished + published;
  }
  return republished;
}

async function carryOut(
  stores: Stores,
  { info }: BatchState,
  { carryOutAfterMs = CARRY_OUT_MS }: Lost,
): Promise<number> {
  const { tables } = stores;
  const tasks = await tables.tasks.inBatch(info.batchId, {
    statuses: [TaskStatus.PROCESSED],
    olderThanMs: carryOutAfterMs,
    limit: SLICE,
  });
  const decided = tasks.filter(isDecided);
  try {
    await rollForward(stores, decided);
  } catch (error) {
    // One that cannot be carried out must not keep the others from it.
    if (decided.length === 1) throw error;
    const each = await Promise.allSettled(decided.map((task) => rollForward(stores, [task])));
    if (each.some(({ status }) => status === "rejected")) throw error;
  }
  return decided.length;
}

async function republish(stores: Stores, state: BatchState, lost: Lost): Promise<number> {
  const { queue, now } = stores;
  const tasks = [...(await lostIn(stores, state, lost)), ...(await lateIn(stores, state, lost))];
  if (tasks.length === 0) return 0;
  await queue.publish(tasks.map(toMessage));
  state.republishedAt = now();
  return tasks.length;
}

const isIn = ({ partitions }: Lost, { options }: Task): boolean =>
  options.partitionId !== "" && partitions.has(options.partitionId);

/** Those that wait beside an idle agent: all at once, and again ever more rarely while nothing moves. */
async function lostIn(stores: Stores, state: BatchState, lost: Lost): Promise<Task[]> {
  if (lost.partitions.size === 0) return [];
  if (stores.now() - state.republishedAt < state.againAfterMs) return [];
  const waiting = await waitingIn(stores, state, lost.republishAfterMs);
  const tasks = waiting.filter((task) => isIn(lost, task));
  if (tasks.length > 0) state.againAfterMs *= 2;
  return tasks;
}

/** Those that waited suspiciously long where no agent is ever idle, ever more rarely. */
async function lateIn(stores: Stores, state: BatchState, lost: Lost): Promise<Task[]> {
  if (stores.now() - state.republishedAt < state.patienceMs) return [];
  const waiting = await waitingIn(stores, state, state.patienceMs);
  const tasks = waiting.filter((task) => !isIn(lost, task));
  if (tasks.length > 0) state.patienceMs *= 2;
  return tasks;
}

const waitingIn = ({ tables }: Stores, { info }: BatchState, olderThanMs: number) =>
  tables.tasks.inBatch(info.batchId, {
    statuses: [TaskStatus.SUBMITTED],
    olderThanMs,
    limit: SLICE,
  });
