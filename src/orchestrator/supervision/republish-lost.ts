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
  /** A dispatched task that nobody took, while its queue is empty, is lost after so long. */
  readonly republishAfterMs: number;
  /** A decided task is carried out by its agent in less, unless that died. */
  readonly carryOutAfterMs?: number;
}

const CARRY_OUT_MS = 2_000;
const SLICE = 1_000;

interface Waiting {
  readonly state: BatchState;
  readonly tasks: readonly Task[];
}

/** Looks at the batches that are due; answers how many tasks it put right. */
export async function mend(
  stores: Stores,
  states: readonly BatchState[],
  patience: Patience,
): Promise<number> {
  const due = states.filter(({ mend: { at } }) => at <= stores.now());
  let republished = 0;
  for (const state of due) {
    await nextTurn();
    const finished = await carryOut(stores, state, patience);
    reschedule(state.mend, finished > 0, stores.now());
    republished += finished;
  }
  return republished + (await republish(stores, { states, due }, patience));
}

async function carryOut(
  stores: Stores,
  { info }: BatchState,
  { carryOutAfterMs = CARRY_OUT_MS }: Patience,
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
    // One that cannot be continued out must not keep the others from it.
    if (decided.length === 1) throw error;
    const each = await Promise.allSettled(decided.map((task) => rollForward(stores, [task])));
    if (each.some(({ status }) => status === "rejected")) throw error;
  }
  return decided.length;
}

/** What is lost of one batch is rarely lost alone: a purge takes the messages of all. */
async function republish(
  stores: Stores,
  { states, due }: { states: readonly BatchState[]; due: readonly BatchState[] },
  patience: Patience,
): Promise<number> {
  const waiting = await waitingIn(stores, due, patience);
  const empty = await emptyQueues(stores, waiting);
  if (empty.size > 0) {
    const others = states.filter((state) => !due.includes(state));
    waiting.push(...(await waitingIn(stores, others, patience)));
  }
  let published = 0;
  for (const one of waiting) {
    const lost = await lostOf(stores, one, empty);
    await stores.queue.publish(lost.map(toMessage));
    if (lost.length > 0) reschedule(one.state.mend, true, stores.now());
    published += lost.length;
  }
  return published;
}

async function waitingIn(
  { tables }: Stores,
  states: readonly BatchState[],
  { republishAfterMs }: Patience,
): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  for (const state of states) {
    await nextTurn();
    const tasks = await tables.tasks.inBatch(state.info.batchId, {
      statuses: [TaskStatus.SUBMITTED],
      olderThanMs: republishAfterMs,
      limit: SLICE,
    });
    if (tasks.length > 0) waiting.push({ state, tasks });
  }
  return waiting;
}

const queueOf = ({ options }: Task): PartitionId | "" => options.partitionId;

/** Read before anything is published: afterwards they would not be empty. */
async function emptyQueues({ queue }: Stores, waiting: readonly Waiting[]) {
  const partitions = new Set(
    waiting.flatMap(({ tasks }) => tasks.flatMap((t) => queueOf(t) || [])),
  );
  const empty = new Set<PartitionId | "">();
  for (const partition of partitions) {
    if ((await queue.depth(partition))?.waiting === 0) empty.add(partition);
  }
  return empty;
}

/** All, where the queue is empty. Where it moves, those that waited suspiciously long, ever later. */
async function lostOf(
  { tables, now }: Stores,
  { state, tasks }: Waiting,
  empty: ReadonlySet<string>,
): Promise<Task[]> {
  const lost = tasks.filter((task) => empty.has(queueOf(task)));
  const isPatient = now() - state.republishedAt < state.patienceMs;
  if (!isPatient && lost.length < tasks.length) {
    const late = await tables.tasks.inBatch(state.info.batchId, {
      statuses: [TaskStatus.SUBMITTED],
      olderThanMs: state.patienceMs,
      limit: SLICE,
    });
    const suspicious = late.filter((task) => !empty.has(queueOf(task)));
    if (suspicious.length > 0) state.patienceMs *= 2;
    lost.push(...suspicious);
  }
  if (lost.length > 0) state.republishedAt = now();
  return lost;
}
