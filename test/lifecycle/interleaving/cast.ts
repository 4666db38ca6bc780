// Who acts on a session besides its agents.

import { randomUUID } from "node:crypto";
import { GridError, isOutage } from "../../../src/domain/errors.ts";
import { type AgentId, batchId, type ResultId } from "../../../src/domain/ids.ts";
import type { SessionStatusName } from "../../../src/domain/session-commands.ts";
import { FINAL_TASK_STATUSES, SessionStatus, TaskStatus } from "../../../src/domain/status.ts";
import type { TaskDefinition } from "../../../src/domain/task.ts";
import { admit } from "../../../src/lifecycle/admit.ts";
import { cancelSessionTasks, cancelTasks, endLate } from "../../../src/lifecycle/cancel.ts";
import { dispatchDirectly } from "../../../src/lifecycle/dispatch.ts";
import { collectOrphans } from "../../../src/lifecycle/orphans.ts";
import { recordStatus } from "../../../src/lifecycle/record-status.ts";
import { recoverFrom } from "../../../src/lifecycle/recover.ts";
import { refuse } from "../../../src/lifecycle/roll-forward.ts";
import type { Stores } from "../../../src/lifecycle/stores.ts";
import { takeBack } from "../../../src/lifecycle/take-back.ts";
import { feedQueue } from "../../../src/orchestrator/supervision/feed-queue.ts";
import { reconcileDependencies } from "../../../src/orchestrator/supervision/reconcile-dependencies.ts";
import { republishLost } from "../../../src/orchestrator/supervision/republish-lost.ts";
import { createBatchState, NEVER } from "../../../src/orchestrator/supervision/state.ts";
import { idle } from "./agent.ts";
import { persist } from "./mishaps.ts";
import type { Actor } from "./turns.ts";
import type { World } from "./world.ts";

/** What SubmitTasks does, call by call; calls of one batch join it while it is open. */
export async function playSubmitter(
  world: World,
  actor: Actor,
  calls: readonly (readonly TaskDefinition[])[],
): Promise<void> {
  const stores = world.storesOf(actor);
  const { sessionId } = world;
  const submit = async (call: readonly TaskDefinition[]): Promise<void> => {
    const tasks = await store(stores, call);
    const batchIds = new Set(tasks.map(({ batchId: id }) => id));
    const batches = [...batchIds].map((id) => ({ batchId: id, sessionId }));
    await refuse(stores, await admit(stores, { sessionId, tasks, batches, allOrNone: true }));
  };
  for (const call of calls) {
    const ids = call.map(({ taskId }) => taskId);
    try {
      await submit(call);
      world.chronicle.accepted.push(...ids);
    } catch (error) {
      if (!isRefused(error)) throw error;
      await persist(() => takeBack(stores, call));
      world.chronicle.refused.push(...ids);
    }
    await idle(world, actor, 10);
  }
}

const isRefused = (error: unknown): boolean =>
  isOutage(error) || (error instanceof GridError && error.code === "SUBMISSION_EXPIRED");

async function store({ tables }: Stores, call: readonly TaskDefinition[]) {
  const [first] = call;
  await tables.tasks.create(call);
  if (first && (await tables.batches.join(first.batchId))) return call;
  await tables.tasks.discard(call.map(({ taskId }) => taskId));
  const tasks = call.map((task) => ({ ...task, batchId: batchId(randomUUID()) }));
  await tables.tasks.create(tasks);
  return tasks;
}

/** To a collector all submitters may be dead: it takes what they have not accepted yet. */
export async function playCollector(world: World, actor: Actor, times: number): Promise<void> {
  const stores = world.storesOf(actor);
  for (let i = 0; i < times; i += 1) {
    await idle(world, actor, 40);
    await persist(() => collectOrphans(stores, 0));
  }
}

/** What UploadResultData does; of two uploads of a result one wins. */
export async function playUploader(
  world: World,
  actor: Actor,
  inputs: readonly ResultId[],
): Promise<void> {
  const stores = world.storesOf(actor);
  const upload = async (resultId: ResultId): Promise<void> => {
    const [object] = await stores.objects.putMany([
      { origin: { sessionId: world.sessionId }, data: Buffer.from("late") },
    ]);
    if (!object) throw new Error("nothing stored");
    const [won] = await stores.tables.results.complete([{ resultId, ...object }], Date.now());
    if (!won) return await stores.objects.delete([object.objectId]);
    const ready = await stores.tables.dependencies.close([resultId]);
    await dispatchDirectly(stores, world.sessionId, ready);
  };
  for (const resultId of inputs) {
    await idle(world, actor, 40);
    await persist(() => upload(resultId));
  }
}

/** Takes over from agents, dead ones and such as it merely believes to be dead. */
export async function playObserver(
  world: World,
  actor: Actor,
  { agents, times, patience }: { agents: readonly AgentId[]; times: number; patience: number },
): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await idle(world, actor, patience);
    const agentId = world.random.pick(agents);
    if (agentId) await persist(() => takeForDead(world, world.storesOf(actor), agentId));
  }
}

/** Its counter stands still while its lease runs out: that is all that an observer knows. */
async function takeForDead(world: World, stores: Stores, agentId: AgentId): Promise<void> {
  const counter = async () => (await stores.tables.agents.get([agentId]))[0]?.heartbeats ?? 0;
  const before = await counter();
  world.expire(agentId);
  if ((await counter()) === before) await recoverFrom(stores, agentId, before);
}

/** Whatever a supervisor waits for is over by its next look. */
const NO_PATIENCE = { republishAfterMs: 0, carryOutAfterMs: 0 };

/** One look of the supervisor at all batches. */
async function superviseOnce(world: World, stores: Stores): Promise<void> {
  const { sessionId } = world;
  const keys = Array.from({ length: 100 }, (_, i) => ({ sessionId, batch: i + 1 }));
  const infos = await stores.tables.batches.get(keys);
  const states = infos.map((info) => ({ ...createBatchState(info, NEVER), patienceMs: 0 }));
  await feedQueue(stores, sessionId, states, { deep: false, dispatchedAt: NEVER });
  const partitions = new Set([world.partitionId]);
  await republishLost(stores, states, { partitions, ...NO_PATIENCE });
  await reconcileDependencies(stores, infos);
  await stores.tables.batches.close(infos.filter(({ isOpen }) => !isOpen));
}

export async function playSupervisor(world: World, actor: Actor, times: number): Promise<void> {
  const stores = world.storesOf(actor);
  for (let i = 0; i < times; i += 1) {
    await idle(world, actor, 40);
    await persist(() => superviseOnce(world, stores));
  }
}

async function setStatus(
  stores: Stores,
  { sessionId, chronicle }: World,
  status: SessionStatusName,
): Promise<void> {
  const open = status === "Running" || status === "Paused";
  const flags = { clientSubmission: open, workerSubmission: open };
  if (status === "Running") chronicle.answered(undefined);
  await recordStatus(stores, { sessionId, status, ...flags });
  if (status !== "Running") chronicle.answered(status);
}

/** An operator who died left it paused. */
async function resume(world: World, stores: Stores): Promise<void> {
  const session = await stores.tables.sessions.get(world.sessionId);
  if (session?.status === SessionStatus.PAUSED) await setStatus(stores, world, "Running");
}

const OPEN = Object.values(TaskStatus).filter((status) => !FINAL_TASK_STATUSES.includes(status));
const ENDED: readonly SessionStatus[] = [SessionStatus.CANCELLED, SessionStatus.CLOSED];

/** What the session's workflow does at its end, once: until no task is open, then never again. */
async function endSession(world: World, stores: Stores): Promise<void> {
  const { sessionId } = world;
  const session = await stores.tables.sessions.get(sessionId);
  if (world.isOver || !session || !ENDED.includes(session.status)) return;
  const running = session.status === SessionStatus.CANCELLED;
  await cancelSessionTasks(stores, sessionId, { reason: "the session ended", running });
  const open = await stores.tables.tasks.inSession(sessionId, OPEN, 1);
  world.isOver = open.length === 0;
}

/** Batches are announced, also to a workflow that is over. */
async function announce(world: World, stores: Stores): Promise<void> {
  const { sessionId } = world;
  const { batches } = stores.tables;
  for (const { upTo } of await batches.unannounced({ sessionId })) {
    if (world.isOver) await endLate(stores, [sessionId]);
    await batches.announced(sessionId, upTo);
  }
}

async function cancelSome(
  { random, chronicle }: World,
  stores: Stores,
  tasks: readonly TaskDefinition[],
): Promise<void> {
  const some = tasks.filter(() => random.chance(0.07)).map(({ taskId }) => taskId);
  await persist(() => cancelTasks(stores, some, "asked to"));
  chronicle.cancelled(some);
}

export type Ending = "Cancelled" | "Closed" | undefined;

export interface OperatorRole {
  readonly tasks: readonly TaskDefinition[];
  readonly ending: Ending;
  /** How often it pauses and resumes, at most. */
  readonly pauses: number;
  /** How long it waits between two commands, at most. */
  readonly patience: number;
}

/** Pauses and resumes, cancels some tasks, and may end the session. */
export async function playOperator(world: World, actor: Actor, role: OperatorRole): Promise<void> {
  const stores = world.storesOf(actor);
  const { random } = world;
  const { tasks, ending, pauses, patience } = role;
  for (let i = random.below(pauses + 1); i > 0; i -= 1) {
    await idle(world, actor, patience);
    await persist(() => setStatus(stores, world, "Paused"));
    await idle(world, actor, patience);
    await persist(() => setStatus(stores, world, "Running"));
    await cancelSome(world, stores, tasks);
  }
  await cancelSome(world, stores, tasks);
  if (ending === undefined) return;
  await idle(world, actor, 2 * patience);
  await persist(() => setStatus(stores, world, ending));
  for (let i = 0; i < 20 && !world.isOver; i += 1) {
    await persist(() => endSession(world, stores));
    await idle(world, actor, 20);
  }
}

/** The queue at its worst: repeats any message it ever had, and forgets what it has. */
export async function playQueue(world: World, actor: Actor, times: number): Promise<void> {
  const { random, chronicle, stores } = world;
  for (let i = 0; i < times; i += 1) {
    await idle(world, actor, 20);
    const message = random.pick(chronicle.published);
    if (random.chance(0.15)) await actor.turn("purges", () => stores.purgeQueue());
    else if (message) await actor.turn("repeats", () => stores.queue.publish([message]));
  }
}

/** Takes over from all agents, collects what is left behind, and looks after the session. */
export async function playOrchestrator(
  world: World,
  actor: Actor,
  agents: readonly AgentId[],
): Promise<void> {
  const stores = world.storesOf(actor);
  for (const agentId of agents) await persist(() => recoverFrom(stores, agentId));
  await persist(() => collectOrphans(stores, 0, 0));
  await persist(() => resume(world, stores));
  await persist(() => endSession(world, stores));
  await persist(() => announce(world, stores));
  await persist(() => superviseOnce(world, stores));
}
