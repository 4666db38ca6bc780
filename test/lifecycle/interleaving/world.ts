// One session on real stores, and everybody who acts on it.

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentTable } from "../../../src/adaptors/ports/table/agents.ts";
import type { Change } from "../../../src/adaptors/table-storage.ts";
import {
  type AgentId,
  type PartitionId,
  partitionId,
  type ResultId,
  type SessionId,
} from "../../../src/domain/ids.ts";
import { DEFAULT_SCHEDULING } from "../../../src/domain/scheduling.ts";
import { ResultStatus } from "../../../src/domain/status.ts";
import type { TaskDefinition } from "../../../src/domain/task.ts";
import type { Stores } from "../../../src/lifecycle/stores.ts";
import { findMemoryFolder } from "../../../src/main/dev/memory-folder.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import type { DyingTables } from "../../contracts/table-storage/cuts/dying.ts";
import { OPTIONS, openDying, openStores, type TestStores } from "../../support/stores.ts";
import { type Chronicle, createChronicle } from "./chronicle.ts";
import { createAct, type Mishaps, NO_MISHAPS } from "./mishaps.ts";
import { createRandom, type Random } from "./random.ts";
import { type Actor, createTurns, inTurns, type Turns } from "./turns.ts";

export interface World {
  readonly stores: TestStores;
  readonly sessionId: SessionId;
  readonly partitionId: PartitionId;
  readonly random: Random;
  readonly turns: Turns;
  readonly chronicle: Chronicle;
  readonly folder: string;
  /** The session's workflow has ended: nobody looks after its tasks any more. */
  isOver: boolean;
  /** What befalls the verbs of all actors. */
  mishaps: Mishaps;
  readonly log: ReturnType<typeof createLogger>;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** The stores as the actor sees them: each verb is a turn. An agent has a clock of its own. */
  storesOf(actor: Actor, agentId?: AgentId): Stores;
  /** Lets so much time pass for the agent that its lease is over. */
  expire(agentId: AgentId): void;
  readonly expired: ReadonlySet<AgentId>;
  newTask(change: Partial<TaskDefinition>): TaskDefinition;
  newResult(data?: string): Promise<ResultId>;
  /** All changes of the session since it was made, in order. */
  changes(): Promise<readonly Change[]>;
}

/** In turns: long enough for an agent that lives to answer, short enough to wait for one that does not. */
const LEASE_TURNS = 1_000;

/** Stores whose verbs may be cut. */
export type WorldStores = TestStores & Pick<DyingTables, "cut">;

/** In memory where there is room: deaths are played here, and a thousand small steps a second. */
export async function openWorldStores(): Promise<WorldStores> {
  const path = mkdtempSync(join(findMemoryFolder() ?? tmpdir(), "interleaving-"));
  const { tables, cut } = await openDying(path);
  const stores = await openStores(path, tables);
  return {
    ...stores,
    cut,
    async [Symbol.asyncDispose]() {
      await stores[Symbol.asyncDispose]();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Of all worlds: metrics watch the process, each set of them for itself. */
const SHARED = { log: createLogger({ level: "silent", role: "test" }), metrics: createMetrics() };

export async function createWorld(
  stores: WorldStores,
  seed: number,
  directLimit?: number,
): Promise<World> {
  const random = createRandom(seed);
  const turns = createTurns(random);
  const chronicle = createChronicle(stores.tables);
  const sessionId = await stores.newSession();
  const partition = partitionId(`p-${randomUUID()}`);
  const limit = directLimit ?? random.pick([0, 2, 256]) ?? 256;
  const act = createAct({ random, chronicle, turns, cut: stores.cut });
  const done = new AbortController();
  const feed = await stores.tables.feed.open(sessionId, done.signal);
  const expired = new Set<AgentId>();
  const ahead = new Map<AgentId, number>();
  const world: World = {
    ...{ stores, sessionId, partitionId: partition, random, chronicle },
    ...{ turns, isOver: false, mishaps: NO_MISHAPS },
    folder: mkdtempSync(join(stores.path, "session-")),
    ...SHARED,
    expired,
    expire(agentId) {
      expired.add(agentId);
      ahead.set(agentId, (ahead.get(agentId) ?? 0) + LEASE_TURNS);
    },
    storesOf(actor, agentId) {
      const { tables, objects, queue } = stores;
      const seen = inTurns(
        { tables, objects, queue },
        { actor, random, act: (call) => act(call, world.mishaps) },
      );
      return {
        ...seen,
        tables: { ...seen.tables, agents: { ...seen.tables.agents, onCheckDone: listen(actor) } },
        now: Date.now,
        monotonicNow: () => turns.trace.length + ((agentId && ahead.get(agentId)) ?? 0),
        scheduling: {
          ...DEFAULT_SCHEDULING,
          directDispatchLimit: limit,
          leaseMs: LEASE_TURNS,
        },
      };
    },
    newTask(change) {
      const options = { ...OPTIONS, partitionId: partition, maxRetries: random.below(4) };
      return stores.newTask(sessionId, { options, ...change });
    },
    async newResult(data) {
      const [stored] =
        data === undefined
          ? []
          : await stores.objects.putMany([{ origin: { sessionId }, data: Buffer.from(data) }]);
      const completed = stored && { status: ResultStatus.COMPLETED, ...stored };
      const id = await stores.newResult(sessionId, completed);
      await chronicle.observe("tables.results.create", [[{ resultId: id }]], undefined);
      return id;
    },
    async changes() {
      const last = await stores.newResult(sessionId);
      const all: Change[] = [];
      for await (const changes of feed) {
        all.push(...changes);
        if (changes.some((one) => one.kind === "newResult" && one.resultId === last)) break;
      }
      done.abort();
      return all;
    },
  };
  return world;
}

/** Whoever waits for a notice looks at each of its turns. */
const listen =
  (actor: Actor): AgentTable["onCheckDone"] =>
  (listener) => {
    let stopped = false;
    const listening = async (): Promise<void> => {
      while (!stopped) {
        await actor.turn("listens", async () => {});
        listener();
      }
    };
    void listening();
    return () => {
      stopped = true;
    };
  };
