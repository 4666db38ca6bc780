// RF1: failure reaches all those who can never run, and nobody else: against a reference.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { batchId, objectId, type ResultId, stageOf, type TaskId } from "../../src/domain/ids.ts";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import type { CommitRecord, Task, TaskDefinition } from "../../src/domain/task.ts";
import { admit } from "../../src/lifecycle/admit.ts";
import { cancelTasks } from "../../src/lifecycle/cancel.ts";
import { isDecided, refuse, rollForward } from "../../src/lifecycle/roll-forward.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";
import { createRandom, type Random } from "./interleaving/random.ts";

const { CANCELLED, COMPLETED, ERROR, PROCESSING, SUBMITTED, TIMEOUT } = TaskStatus;
const TASKS = 24;

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

/** What becomes of a task, if it runs at all; "left out" = it makes its first output only. */
type Fate =
  | "completed"
  | "left out"
  | "delegated"
  | "failed child"
  | "error"
  | "timeout"
  | "cancelled";
const FATES: readonly Fate[] = [
  ...(["error", "timeout", "cancelled", "left out", "delegated", "failed child"] as const),
  ...Array<Fate>(12).fill("completed"),
];

interface Job {
  readonly tasks: readonly TaskDefinition[];
  readonly fates: ReadonlyMap<TaskId, Fate>;
}

async function someJob(random: Random): Promise<Job> {
  const session = await stores.newSession();
  const done = { status: ResultStatus.COMPLETED, objectId: objectId("s-x") };
  const payloadId = await stores.newResult(session, done);
  const known: ResultId[] = [];
  const tasks: TaskDefinition[] = [];
  for (let i = 0; i < TASKS; i += 1) {
    const dataDependencies = known.filter(() => random.chance(1.3 / known.length));
    const outputs = [await stores.newResult(session), await stores.newResult(session)];
    const expectedOutputIds = outputs.slice(0, 1 + random.below(2));
    tasks.push(stores.newTask(session, { payloadId, dataDependencies, expectedOutputIds }));
    known.push(...expectedOutputIds);
  }
  const fates = new Map(tasks.map(({ taskId }) => [taskId, random.pick(FATES) ?? "completed"]));
  return { tasks, fates };
}

interface Ends {
  readonly tasks: Map<TaskId, TaskStatus>;
  readonly results: Map<ResultId, ResultStatus>;
}

const STATUS_OF_FATE: Readonly<Record<Fate, TaskStatus>> = {
  ...{ completed: COMPLETED, "left out": COMPLETED, delegated: COMPLETED },
  ...{ "failed child": COMPLETED, error: ERROR, timeout: TIMEOUT, cancelled: CANCELLED },
};

/** Which of its outputs a task makes, itself or through its child. */
const madeBy = (fate: Fate, outputs: readonly ResultId[]): readonly ResultId[] => {
  if (fate === "completed" || fate === "delegated") return outputs;
  if (fate === "left out") return outputs.slice(0, 1);
  return fate === "failed child" ? outputs.slice(1) : [];
};

/** The reference: in an order in which inputs come first. */
function closureOf({ tasks, fates }: Job): Ends {
  const ends: Ends = { tasks: new Map(), results: new Map() };
  for (const { taskId, dataDependencies, expectedOutputIds } of tasks) {
    const fate = fates.get(taskId) ?? "completed";
    const canRun = dataDependencies.every((id) => ends.results.get(id) === ResultStatus.COMPLETED);
    const runs = canRun && fate !== "cancelled";
    const refused = fate === "cancelled" ? CANCELLED : ERROR;
    ends.tasks.set(taskId, runs ? STATUS_OF_FATE[fate] : refused);
    const made = runs ? madeBy(fate, expectedOutputIds) : [];
    for (const id of expectedOutputIds)
      ends.results.set(id, made.includes(id) ? ResultStatus.COMPLETED : ResultStatus.ABORTED);
  }
  return ends;
}

async function endsOf({ tasks }: Job): Promise<Ends> {
  const { tables } = stores;
  const rows = await tables.tasks.get(tasks.map(({ taskId }) => taskId));
  const results = await tables.results.get(tasks.flatMap((task) => task.expectedOutputIds));
  return {
    tasks: new Map(rows.map(({ taskId, status }) => [taskId, status])),
    results: new Map(results.map(({ resultId, status }) => [resultId, status])),
  };
}

const submit = async (tasks: readonly TaskDefinition[]): Promise<void> => {
  const [first] = tasks;
  if (!first) return;
  await stores.tables.tasks.create(tasks);
  const batches = tasks.map(({ batchId: id, sessionId }) => ({
    ...{ batchId: id, sessionId },
  }));
  await refuse(stores, await admit(stores, { sessionId: first.sessionId, tasks, batches }));
};

const made = (ids: readonly ResultId[], staged = false): CommitRecord => ({
  outcome: "completed",
  results: ids.map((id) => ({ resultId: id, objectId: objectId(`s-${randomUUID()}`), size: 1 })),
  staged,
});

/** A child that takes over the first output. */
async function stageChild(task: Task, fails: boolean, fates: Map<TaskId, Fate>): Promise<void> {
  const child = stores.newTask(task.sessionId, {
    ...{ payloadId: task.payloadId, expectedOutputIds: task.expectedOutputIds.slice(0, 1) },
    ...{ createdBy: task.taskId, parentTaskIds: [...task.parentTaskIds, task.taskId] },
    batchId: batchId(randomUUID()),
  });
  fates.set(child.taskId, fails ? "error" : "completed");
  await stores.tables.tasks.create([child], { stage: stageOf(task.taskId, task.attempt) });
}

async function recordOf(task: Task, fates: Map<TaskId, Fate>): Promise<CommitRecord> {
  const fate = fates.get(task.taskId) ?? "completed";
  if (fate === "error" || fate === "timeout") return { outcome: fate, error: fate };
  const isDelegated = fate === "delegated" || fate === "failed child";
  if (!isDelegated) return made(madeBy(fate, task.expectedOutputIds));
  await stageChild(task, fate === "failed child", fates);
  return made(task.expectedOutputIds.slice(1), true);
}

async function run(task: TaskDefinition, fates: Map<TaskId, Fate>): Promise<void> {
  const { tasks } = stores.tables;
  const [held] = await tasks.acquire([task.taskId], AGENT, Date.now());
  if (!held) throw new Error(`${task.taskId} was not acquired`);
  const { taskId, attempt } = held;
  await tasks.start([{ taskId, attempt, fetchedAt: 1, startedAt: 1 }]);
  const record = await recordOf(held, fates);
  await tasks.decide([{ taskId, attempt, from: [PROCESSING], record }], Date.now());
  await rollForward(stores, (await tasks.get([taskId])).filter(isDecided));
}

/** In calls of any order, while others run; cancellations come when all is submitted. */
async function play(random: Random, job: Job): Promise<void> {
  const order = job.tasks.toSorted(() => random.next() - 0.5);
  for (let i = 0; i < order.length; i += 5) await submit(order.slice(i, i + 5));
  const unwanted = job.tasks.filter(({ taskId }) => job.fates.get(taskId) === "cancelled");
  await cancelTasks(
    stores,
    unwanted.map(({ taskId }) => taskId),
    "not wanted",
  );
  const [{ sessionId }] = job.tasks as [TaskDefinition];
  const fates = new Map(job.fates);
  for (;;) {
    const ready = await stores.tables.tasks.inSession(sessionId, [SUBMITTED], 1_000);
    if (ready.length === 0) return;
    const some = ready.filter(() => random.chance(0.5));
    await Promise.all((some.length > 0 ? some : ready).map((task) => run(task, fates)));
  }
}

it.each([1, 2, 3, 4, 5, 6, Date.now() % 2 ** 31])(
  "RF1: of a random graph, those end in error whose inputs can never come, and no others: seed %i",
  async (seed) => {
    const random = createRandom(seed);
    const job = await someJob(random);
    const elsewhere = await someJob(random);
    await submit(elsewhere.tasks);
    const before = await endsOf(elsewhere);
    await play(random, job);
    expect(await endsOf(job)).toEqual(closureOf(job));
    expect(await endsOf(elsewhere), "another session").toEqual(before);
  },
);
