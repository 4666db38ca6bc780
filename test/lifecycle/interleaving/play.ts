// One session from its first task to the last, with everybody at once.
import { randomUUID } from "node:crypto";
import { type AgentId, agentId, batchId, type ResultId } from "../../../src/domain/ids.ts";
import { FINAL_TASK_STATUSES, TaskStatus } from "../../../src/domain/status.ts";
import type { TaskDefinition } from "../../../src/domain/task.ts";
import { type AgentRole, playAgent, type Work } from "./agent.ts";
import {
  type Ending,
  type OperatorRole,
  playCollector,
  playObserver,
  playOperator,
  playOrchestrator,
  playQueue,
  playSubmitter,
  playSupervisor,
  playUploader,
} from "./cast.ts";
import { type Mishaps, NO_MISHAPS } from "./mishaps.ts";
import type { Role } from "./turns.ts";
import type { World } from "./world.ts";

export interface Scale {
  readonly tasks: number;
  /** Inputs of a task that others make, on average. */
  readonly inputs: number;
  readonly agents: number;
  /** How likely one is to die early. */
  readonly mortality: number;
  /** How likely observers are to take the living for dead. */
  readonly nerves: number;
  /** What befalls the verbs of those who live. */
  readonly mishaps: Mishaps;
  readonly operator: Pick<OperatorRole, "pauses" | "patience"> & {
    readonly endings: readonly Ending[];
  };
}

/** An observer that thinks everybody dead makes many a live agent late. */
const NERVOUS = { times: 40, patience: 3 };
const CALM = { times: 8, patience: 25 };

const SETTLING = 60;

interface Job {
  readonly tasks: readonly TaskDefinition[];
  /** Uploaded while tasks wait for them. */
  readonly late: readonly ResultId[];
}

/** Tasks, each on outputs of others, and inputs that a client uploads late. */
async function someJob(world: World, { tasks: count, inputs }: Scale): Promise<Job> {
  const { random } = world;
  const payload = await world.newResult("payload");
  const late = await Promise.all(Array.from({ length: 3 }, () => world.newResult()));
  const never = await world.newResult();
  const known: ResultId[] = [...late];
  const tasks: TaskDefinition[] = [];
  for (let i = 0; i < count; i += 1) {
    const dataDependencies = known.filter(() => random.chance(inputs / known.length));
    if (random.chance(0.05)) dataDependencies.push(never);
    const expectedOutputIds: ResultId[] = [];
    for (let n = random.below(3); n > 0; n -= 1) expectedOutputIds.push(await world.newResult());
    tasks.push(world.newTask({ payloadId: payload, dataDependencies, expectedOutputIds }));
    known.push(...expectedOutputIds);
  }
  return { late, tasks };
}

/** In any order: a task may be submitted before those that make its inputs. Some share a batch. */
function toCalls({ random }: World, tasks: readonly TaskDefinition[]): TaskDefinition[][] {
  const left = [...tasks];
  const calls: TaskDefinition[][] = [];
  let id = batchId(randomUUID());
  while (left.length > 0) {
    const call: TaskDefinition[] = [];
    if (random.chance(0.5)) id = batchId(randomUUID());
    for (let n = 1 + random.below(4); n > 0 && left.length > 0; n -= 1) {
      const [task] = left.splice(random.below(left.length), 1);
      if (task) call.push({ ...task, batchId: id });
    }
    calls.push(call);
  }
  return calls;
}

/** A few who are worth watching, and how long each lives. */
function castOf(world: World, scale: Scale, { late, tasks }: Job, agents: AgentId[]): Role[] {
  const { random } = world;
  const calls = toCalls(world, tasks);
  const half = Math.ceil(calls.length / 2);
  const cast: Role[] = [
    { name: "submitter 1", play: (self) => playSubmitter(world, self, calls.slice(0, half)) },
    { name: "submitter 2", play: (self) => playSubmitter(world, self, calls.slice(half)) },
    { name: "uploader 1", play: (self) => playUploader(world, self, late) },
    { name: "uploader 2", play: (self) => playUploader(world, self, late.toReversed()) },
  ];
  // Not always: most submitters should come to their end.
  if (random.chance(0.4))
    cast.push({ name: "collector", play: (self) => playCollector(world, self, 6) });
  const nerves = random.chance(scale.nerves) ? NERVOUS : CALM;
  for (const n of [1, 2]) {
    const observe: Role["play"] = (self) => playObserver(world, self, { agents, ...nerves });
    cast.push({ name: `observer ${n}`, play: observe });
    cast.push({ name: `supervisor ${n}`, play: (self) => playSupervisor(world, self, 3) });
  }
  for (let n = 1; n <= scale.agents; n += 1)
    cast.push(newAgent(world, agents, { name: `agent ${n}`, polls: 12 }));
  return cast.map((role) =>
    random.chance(scale.mortality) ? { ...role, dies: random.below(80) } : role,
  );
}

interface NewAgent extends Omit<AgentRole, "agentId"> {
  readonly name: string;
}

function newAgent(world: World, agents: AgentId[], { name, ...role }: NewAgent): Role {
  const id = agentId(`agent-${randomUUID()}`);
  agents.push(id);
  return { name, play: (self) => playAgent(world, self, { agentId: id, ...role }) };
}

/** Everybody at once, most of whom die. */
export async function play(world: World, scale: Scale): Promise<AgentId[]> {
  const { random, turns } = world;
  // In some worlds nothing is cut: what whole verbs make of each other.
  world.mishaps = random.chance(0.2) ? NO_MISHAPS : scale.mishaps;
  const job = await someJob(world, scale);
  const agents: AgentId[] = [];
  const ending = random.pick<Ending>(scale.operator.endings);
  for (const role of castOf(world, scale, job, agents)) turns.enter(role);
  const { tasks } = job;
  const role = { tasks, ending, ...scale.operator };
  turns.enter({ name: "operator", play: (self) => playOperator(world, self, role) });
  turns.enter({ name: "queue", play: (self) => playQueue(world, self, 12) });
  await turns.play();
  return agents;
}

/** Anything that is under way, or should be? */
async function isSettled({ sessionId, partitionId, stores }: World): Promise<boolean> {
  const moving = Object.values(TaskStatus).filter(
    (status) => !FINAL_TASK_STATUSES.includes(status) && status !== TaskStatus.PENDING,
  );
  const { tasks, dependencies } = stores.tables;
  const open = await tasks.inSession(sessionId, moving, 1);
  const pending = await tasks.inSession(sessionId, [TaskStatus.PENDING], 1_000);
  // The next look of the supervisor dispatches these.
  const ready = await dependencies.ready(pending.map(({ taskId }) => taskId));
  if (open.length > 0 || ready.length > 0) return false;
  return (await stores.queue.depth(partitionId))?.waiting === 0;
}

export interface Later {
  /** So many of the agents die early. */
  readonly mortal: number;
  readonly work?: Work | undefined;
}

/** What an orchestrator makes of it, with new agents. */
export async function settle(world: World, agents: AgentId[], later: Later): Promise<void> {
  const { turns, random } = world;
  for (let round = 0; round < SETTLING; round += 1) {
    if (round >= later.mortal) world.mishaps = NO_MISHAPS;
    let isDone = false;
    const orchestrate: Role["play"] = async (self) => {
      await playOrchestrator(world, self, agents);
      isDone = true;
    };
    turns.enter({ name: "orchestrator", play: orchestrate });
    await turns.play();
    if (isDone && (await isSettled(world))) return;
    const role = { name: `later agent ${round}`, polls: 4, work: later.work };
    const agent = newAgent(world, agents, role);
    turns.enter(round < later.mortal ? { ...agent, dies: random.below(40) } : agent);
    await turns.play();
  }
}
