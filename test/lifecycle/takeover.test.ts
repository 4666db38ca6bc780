import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AgentId, agentId } from "../../src/domain/ids.ts";
import { afterFailure } from "../../src/domain/retry.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { TaskDefinition } from "../../src/domain/task.ts";
import { recoverFrom } from "../../src/lifecycle/recover.ts";
import { delegate, playAgent, produce, type Work } from "./interleaving/agent.ts";
import { playSubmitter } from "./interleaving/cast.ts";
import { readScene } from "./interleaving/judge/scene.ts";
import { judge } from "./interleaving/judge.ts";
import { settle } from "./interleaving/play.ts";
import type { Role } from "./interleaving/turns.ts";
import {
  createWorld,
  openWorldStores,
  type World,
  type WorldStores,
} from "./interleaving/world.ts";

const { COMPLETED, ERROR } = TaskStatus;

let stores: WorldStores;
beforeAll(async () => {
  stores = await openWorldStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

/** The root leaves its first output to subtasks and makes the second itself. */
const succeed: Work = (_, attempt) => {
  const isRoot = attempt.task.expectedOutputIds.length === 2;
  produce(attempt, isRoot ? delegate(attempt) : undefined);
  return "completed";
};

const failOnce: Work = (world, attempt) => {
  const { task } = attempt;
  if (task.expectedOutputIds.length < 2 || task.retryOfIds.length > 0)
    return succeed(world, attempt);
  return afterFailure(task, { error: "once", crashed: false });
};

const fail: Work = () => ({ outcome: "error", error: "always" });

interface Takeover {
  readonly world: World;
  readonly work: Work;
  readonly first: Role & { readonly agentId: AgentId };
}

/** A root with two outputs, and a task that waits for each. */
async function submitFamily(world: World): Promise<void> {
  const payloadId = await world.newResult("payload");
  const [left, right, end] = [
    await world.newResult(),
    await world.newResult(),
    await world.newResult(),
  ];
  const tasks: TaskDefinition[] = [
    world.newTask({ payloadId, expectedOutputIds: [left, right] }),
    world.newTask({ payloadId, dataDependencies: [left], expectedOutputIds: [end] }),
    world.newTask({ payloadId, dataDependencies: [right, end] }),
  ].map((task) => ({ ...task, options: { ...task.options, maxRetries: 9 } }));
  world.turns.enter({ name: "submitter", play: (self) => playSubmitter(world, self, [tasks]) });
  await world.turns.play();
}

function newAgent(world: World, work: Work, name: string, polls: number) {
  const id = agentId(`agent-${randomUUID()}`);
  const play: Role["play"] = (self) => playAgent(world, self, { agentId: id, polls, work });
  return { name, agentId: id, play };
}

/** Two observers take over at once, and another agent runs what there is to run. */
function enterOthers({ world, work, first }: Takeover): void {
  for (const name of ["observer 1", "observer 2"]) {
    const play: Role["play"] = async (self) => {
      await recoverFrom(world.storesOf(self), first.agentId);
    };
    world.turns.enter({ name, play });
  }
  world.turns.enter(newAgent(world, work, "second agent", 4));
}

type Way = "dies" | "is stopped, and goes on when all is over" | "is merely taken for dead";

const WAYS: Record<Way, (takeover: Takeover, after: number) => Promise<void>> = {
  async dies(takeover, after) {
    const { turns } = takeover.world;
    turns.enter({ ...takeover.first, dies: after });
    await turns.play();
    enterOthers(takeover);
    await turns.play();
  },

  async "is stopped, and goes on when all is over"(takeover, after) {
    const { turns } = takeover.world;
    const first = turns.enter(takeover.first);
    await turns.play(after);
    first.frozen = true;
    enterOthers(takeover);
    await turns.play();
    first.frozen = false;
    await turns.play();
  },

  async "is merely taken for dead"(takeover, after) {
    const { turns } = takeover.world;
    turns.enter(takeover.first);
    await turns.play(after);
    enterOthers(takeover);
    await turns.play();
  },
};

interface Outcome {
  /** What was broken, and the statuses of the family. */
  readonly complaints: string[];
  readonly ends: Set<TaskStatus>;
  readonly trace: readonly string[];
}

async function takeOver(work: Work, way: Way, after: number): Promise<Outcome> {
  const world = await createWorld(stores, after, 256);
  try {
    await submitFamily(world);
    const first = newAgent(world, work, "first agent", 1);
    await WAYS[way]({ world, work, first }, after);
    await settle(world, [first.agentId], { mortal: 0, work });
    const { tasks } = await readScene(world);
    const ends = [...tasks.values()].map(({ status }) => status);
    const complaints = await judge(world);
    if (complaints.length > 0) process.stderr.write(`${world.turns.trace.join("\n")}\n`);
    return {
      complaints,
      ends: new Set(ends.filter((status) => status !== TaskStatus.RETRIED)),
      trace: world.turns.trace,
    };
  } finally {
    rmSync(world.folder, { recursive: true, force: true });
  }
}

/** Turns that an agent needs which nobody disturbs. */
async function turnsOf(work: Work): Promise<number> {
  const { trace } = await takeOver(work, "dies", 1_000);
  return trace.filter((line) => line.startsWith("first agent ")).length;
}

describe("I2, I3: each task has one end, whenever an agent", () => {
  it.each([
    ["dies", "commits results and subtasks", succeed, COMPLETED],
    ["dies", "retries", failOnce, COMPLETED],
    ["dies", "fails", fail, ERROR],
    [
      "is stopped, and goes on when all is over",
      "commits results and subtasks",
      succeed,
      COMPLETED,
    ],
    ["is merely taken for dead", "commits results and subtasks", succeed, COMPLETED],
  ] as const)("%s that %s", { timeout: 240_000, retry: 0 }, async (way, _, work, end) => {
    const most = await turnsOf(work);
    expect(most).toBeGreaterThan(12);
    for (let after = 1; after <= most; after += 1) {
      const { complaints, ends } = await takeOver(work, way, after);
      expect(complaints, `after ${after} turns`).toEqual([]);
      expect(ends, `after ${after} turns`).toEqual(new Set([end]));
    }
  });
});
