// An agent of the real parts, but for its worker and its loops: these are chance.
import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Delivery } from "../../../src/adaptors/queue.ts";
import { type Committer, createCommitter } from "../../../src/agent/commit/committer.ts";
import { createSettler, type Settler } from "../../../src/agent/commit/settle.ts";
import type { AgentContext } from "../../../src/agent/context.ts";
import type { Attempt } from "../../../src/agent/execution/attempt.ts";
import { fileOf } from "../../../src/agent/execution/folder.ts";
import type { Outcome } from "../../../src/agent/execution/outcome.ts";
import { createHeartbeat, type Heartbeat } from "../../../src/agent/heartbeat.ts";
import { createIdleTime } from "../../../src/agent/idle-time.ts";
import { acquire } from "../../../src/agent/intake/acquire.ts";
import { createPrepare } from "../../../src/agent/intake/prepare.ts";
import { type AgentId, type ResultId, resultId, taskId } from "../../../src/domain/ids.ts";
import { afterFailure } from "../../../src/domain/retry.ts";
import { TaskStatus } from "../../../src/domain/status.ts";
import { pauseAttempts } from "../../../src/lifecycle/pause-attempts.ts";
import { persist } from "./mishaps.ts";
import type { Actor } from "./turns.ts";
import type { World } from "./world.ts";

export type Work = (world: World, attempt: Attempt) => Outcome;

export interface AgentRole {
  readonly agentId: AgentId;
  /** How often it looks for work. */
  readonly polls: number;
  /** By chance, if absent. */
  readonly work?: Work | undefined;
}

export async function playAgent(world: World, actor: Actor, role: AgentRole): Promise<void> {
  const context = createContext(world, actor, role.agentId);
  const failed = (error: unknown) => void world.chronicle.complaints.push(`agent failed: ${error}`);
  const revoke = (attempts: readonly Attempt[]) => {
    for (const attempt of attempts) attempt.revoked = true;
  };
  const settler = createSettler(context);
  const committer = createCommitter({ context, settler, revoke, failed });
  const prepare = createPrepare(context);
  const pause = (attempts: readonly Attempt[]): Promise<void> => {
    revoke(attempts);
    const tasks = attempts.map(({ task }) => task);
    return persist(() => pauseAttempts(context.stores, tasks));
  };
  const lease = createHeartbeat(context, { revoke, pause, started: committer.started });
  const heartbeat = () => persist(lease.once);
  const takeIn = async (deliveries: readonly Delivery[]): Promise<Attempt[]> => {
    const messages = deliveries.map(({ message }) => message);
    const attempts = await acquire(context, messages);
    await persist(() => context.stores.queue.ack(deliveries));
    const { ready, failed: lost } = await prepare(attempts);
    for (const { attempt, record } of lost) {
      if (attempt.revoked) settler.dropped([attempt]);
      else committer.end(attempt, record, TaskStatus.DISPATCHED);
    }
    return ready;
  };
  const parts: Parts = { world, actor, role, settler, committer, lease, heartbeat };
  await heartbeat();
  const done = { now: false };
  const heartbeating = role.work ? undefined : keepBeating(parts, done);
  for (let i = 0; i < role.polls; i += 1) {
    const deliveries = await actor.turn("polls", () => take(world));
    if (deliveries.length === 0) await idle(world, actor, role.work ? 1 : 8);
    else for (const attempt of await takeIn(deliveries)) await runOrNot(parts, attempt);
  }
  await committer.idle();
  done.now = true;
  await heartbeating;
  if (!role.work) await persist(() => context.stores.tables.agents.remove(role.agentId));
}

/** Beside all that it does. */
async function keepBeating(
  { world, actor, heartbeat }: Parts,
  done: { readonly now: boolean },
): Promise<void> {
  while (!done.now) {
    await idle(world, actor, 10);
    await heartbeat();
  }
}

interface Parts {
  readonly world: World;
  readonly actor: Actor;
  readonly role: AgentRole;
  readonly settler: Settler;
  readonly committer: Committer;
  readonly lease: Heartbeat;
  readonly heartbeat: () => Promise<void>;
}

/** Whoever takes it over may die before the end: then others do, later than it waits. */
const TRIES = 20;

async function runOrNot(parts: Parts, attempt: Attempt): Promise<void> {
  const { settler, world, role, lease, heartbeat } = parts;
  for (let i = 0; i < TRIES && lease.isOver; i += 1) await heartbeat();
  if (lease.isOver) await settler.giveBack([attempt]);
  else if (attempt.revoked) settler.dropped([attempt]);
  else if (!role.work && world.random.chance(0.1)) await settler.giveBack([attempt]);
  else await run(parts, attempt);
}

async function run(parts: Parts, attempt: Attempt): Promise<void> {
  const { world, actor, role, committer, settler, heartbeat } = parts;
  const { random, chronicle } = world;
  attempt.stage = "running";
  committer.start(attempt);
  chronicle.begins(attempt.task, () => actor.alive && !world.expired.has(role.agentId));
  const outcome = (role.work ?? chanceWork)(world, attempt);
  // How long it takes, in turns of others.
  if (!role.work) await idle(world, actor, random.chance(0.3) ? 60 : 4);
  if (role.work && random.chance(0.3)) await heartbeat();
  attempt.processedAt = Date.now();
  attempt.buffer.closed = true;
  if (attempt.revoked && random.chance(0.5)) settler.dropped([attempt]);
  else committer.end(attempt, outcome);
}

/** Waits while others have some turns. */
export async function idle(world: World, actor: Actor, atMost: number): Promise<void> {
  for (let i = world.random.below(atMost + 1); i > 0; i -= 1)
    await actor.turn("idles", async () => {});
}

/** What waits in the queue, if anything does. */
async function take({ stores: { queue }, partitionId, random }: World): Promise<Delivery[]> {
  if ((await queue.depth(partitionId))?.waiting === 0) return [];
  return await queue.receive(partitionId, 1 + random.below(6), AbortSignal.timeout(20_000));
}

function createContext(world: World, actor: Actor, agentId: AgentId): AgentContext {
  const { partitionId, log, metrics, folder } = world;
  const cacheFolder = join(folder, agentId);
  mkdirSync(cacheFolder);
  const never = new AbortController().signal;
  return {
    ...{ stores: world.storesOf(actor, agentId), owner: { agentId, hostname: "here" } },
    ...{
      partitionId,
      log,
      metrics,
      newId: randomUUID,
      held: new Set<Attempt>(),
      idle: createIdleTime(),
      stopping: never,
      ending: never,
    },
    settings: {
      ...{ cacheFolder, prefetch: 4, heartbeatMs: 1_000, graceDelayMs: 1_000, holdMs: 1_000 },
      ...{
        dataChunkMaxBytes: 2 ** 20,
        maxErrorBytes: 1_000,
        workerPatienceMs: 10_000,
        folderMark: "test",
      },
    },
  };
}

/** What a worker may do, good and bad. */
const chanceWork: Work = ({ random }, attempt) => {
  const { task } = attempt;
  const roll = random.next();
  if (roll < 0.06) return { outcome: "error", error: "said the worker" };
  if (roll < 0.1) return { outcome: "timeout", error: "took too long" };
  if (roll < 0.2) return afterFailure(task, { error: "failed", crashed: random.chance(0.5) });
  if (random.chance(0.2)) create(attempt, "extra", Buffer.from("extra"));
  const delegated = roll < 0.4 && task.parentTaskIds.length < 3 ? delegate(attempt) : undefined;
  if (random.chance(0.85)) produce(attempt, delegated);
  return "completed";
};

/** Makes all expected outputs but one. */
export function produce({ task, folder, buffer }: Attempt, except?: ResultId): void {
  for (const id of task.expectedOutputIds) {
    if (id === except) continue;
    writeFileSync(fileOf(folder, id), task.taskId);
    buffer.notified.add(id);
  }
}

/** Leaves the first output to two subtasks, one after the other. */
export function delegate(attempt: Attempt): ResultId | undefined {
  const [output] = attempt.task.expectedOutputIds;
  const payload = create(attempt, "payload", Buffer.from("payload"));
  const part = create(attempt, "part");
  subtask(attempt, payload, [], [part]);
  subtask(attempt, payload, [part], output ? [output] : []);
  return output;
}

function create({ buffer }: Attempt, name: string, data?: Uint8Array): ResultId {
  const id = resultId(randomUUID());
  buffer.created.set(id, { name, createdAt: Date.now(), data });
  return id;
}

function subtask(
  { task, buffer }: Attempt,
  payloadId: ResultId,
  dataDependencies: readonly ResultId[],
  expectedOutputIds: readonly ResultId[],
): void {
  const id = taskId(randomUUID());
  const { sessionId, options } = task;
  buffer.subtasks.push({
    ...{ taskId: id, initialTaskId: id, sessionId, options, payloadId, dataDependencies },
    ...{ expectedOutputIds, parentTaskIds: [...task.parentTaskIds, task.taskId], retryOfIds: [] },
    ...{ createdBy: task.taskId, createdAt: Date.now(), crashCount: 0 },
  });
}
