import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AgentId,
  agentId,
  type ResultId,
  resultId,
  type SessionId,
  stageOf,
} from "../../src/domain/ids.ts";
import type { Result } from "../../src/domain/result.ts";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import type { CommitRecord, CompletedResult, Task } from "../../src/domain/task.ts";
import { cancelTasks } from "../../src/lifecycle/cancel.ts";
import { dropAttempts } from "../../src/lifecycle/discard-uncommitted.ts";
import { recoverFrom } from "../../src/lifecycle/recover.ts";
import { isDecided, rollForward } from "../../src/lifecycle/roll-forward.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { submit } from "../support/orchestration.ts";
import { openStores, type TestStores } from "../support/stores.ts";

let stores: TestStores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(() => stores[Symbol.asyncDispose]());

const { COMPLETED, PROCESSING, RETRIED, SUBMITTED } = TaskStatus;
const LARGE = new Uint8Array(100_000);

interface Held {
  readonly session: SessionId;
  readonly output: ResultId;
  readonly task: Task;
  readonly owner: AgentId;
}

const acquire = async (id: Task["taskId"]): Promise<Task & { ownerAgentId: AgentId }> => {
  const owner = { agentId: agentId(`agent-${randomUUID()}`), hostname: "here" };
  const [task] = await stores.tables.tasks.acquire([id], owner, 1);
  if (!task) throw new Error("not acquired");
  return { ...task, ownerAgentId: owner.agentId };
};

/** A task with an output, held by an agent. */
const held = async (status: TaskStatus = PROCESSING): Promise<Held> => {
  const session = await stores.newSession();
  const output = await stores.newResult(session);
  const [id] = await submit(stores, session, [{ expectedOutputIds: [output] }]);
  if (!id) throw new Error("nothing submitted");
  const task = await acquire(id);
  if (status === PROCESSING) await start(task);
  return { session, output, task, owner: task.ownerAgentId };
};

const start = ({ taskId, attempt }: Task) =>
  stores.tables.tasks.start([{ taskId, attempt, fetchedAt: 1, startedAt: 1 }]);

/** What an agent does before the commit point: a small output, a large result of its own, a subtask. */
async function store({ session, output, task }: Held): Promise<CommitRecord> {
  const { taskId, attempt } = task;
  const origin = { sessionId: session, attempt: { taskId, attempt } };
  const [small, large] = await stores.objects.putMany([
    { origin, data: Buffer.from("small") },
    { origin, data: LARGE },
  ]);
  if (!small || !large) throw new Error("nothing stored");
  const stage = stageOf(taskId, attempt);
  const made: Result = {
    ...{ resultId: resultId(randomUUID()), sessionId: session, name: "made", createdBy: taskId },
    ...{ ownerTaskId: "", status: ResultStatus.COMPLETED, createdAt: 1, completedAt: 1 },
    ...{ manualDeletion: false, ...large },
  };
  await stores.tables.results.create([made], stage);
  await stores.tables.tasks.create([stores.newTask(session, { createdBy: taskId })], { stage });
  const results: CompletedResult[] = [{ resultId: output, ...small }];
  return { outcome: "completed", results, staged: true };
}

async function commit({ task }: Held, record: CommitRecord, on: Stores = stores): Promise<boolean> {
  const { taskId, attempt } = task;
  const decision = { taskId, attempt, from: [PROCESSING], record };
  const [answer] = await on.tables.tasks.decide([decision], 1);
  if (answer?.ok) await rollForward(on, (await on.tables.tasks.get([taskId])).filter(isDecided));
  return answer?.ok ?? false;
}

const statusOf = async ({ task }: Held) =>
  (await stores.tables.tasks.get([task.taskId]))[0]?.status;

/** The stage's subtasks that nobody has accepted. */
const creatingOf = async ({ task: { taskId, attempt } }: Held) =>
  (await stores.tables.tasks.staged([stageOf(taskId, attempt)], { limit: 10 })).filter(
    ({ status }) => status === TaskStatus.CREATING,
  );

const expectCollected = async (one: Held): Promise<void> => {
  expect(await stores.storedObjects()).toEqual([]);
  expect(await creatingOf(one)).toEqual([]);
};

/** Every COMPLETED result of the session has its bytes. */
const expectAllReadable = async ({ session }: Held, count: number): Promise<void> => {
  const { rows } = await stores.tables.results.list({
    filter: [[{ kind: "string", field: "sessionId", operator: "equal", value: session }]],
    sort: [{ field: "createdAt", descending: false }],
    ...{ page: 0, pageSize: 100 },
  });
  const named = rows.flatMap(({ objectId }) => objectId || []);
  expect(named).toHaveLength(count);
  const blobs = await stores.objects.getMany(named, 2 ** 20);
  expect(blobs.map((blob) => blob !== undefined)).toEqual(named.map(() => true));
};

describe("what an attempt stored is collected", () => {
  it("when its agent dies before the commit point", async () => {
    const one = await held();
    await store(one);
    await recoverFrom(stores, one.owner);
    expect(await statusOf(one)).toBe(RETRIED);
    await expectCollected(one);
  });

  it("when its agent dies even before its start is written", async () => {
    const one = await held(TaskStatus.DISPATCHED);
    await store(one);
    await recoverFrom(stores, one.owner);
    expect(await statusOf(one)).toBe(SUBMITTED);
    await expectCollected(one);
  });

  it("when the task is cancelled meanwhile", async () => {
    const one = await held();
    await store(one);
    await cancelTasks(stores, [one.task.taskId], "enough");
    expect(await statusOf(one)).toBe(TaskStatus.CANCELLED);
    await expectCollected(one);
  });

  it("when whoever took over from its agent dies, too, right after its decision", async () => {
    const one = await held();
    await store(one);
    const { taskId, attempt } = one.task;
    const record = { outcome: "retried", error: "died", crashed: true } as const;
    await stores.tables.tasks.decide([{ taskId, attempt, from: [PROCESSING], record }], 1);
    expect(await stores.storedObjects()).toHaveLength(2);
    await recoverFrom(stores, one.owner);
    expect(await statusOf(one)).toBe(RETRIED);
    await expectCollected(one);
  });

  it("by its own agent, when that stored more after it had been declared dead", async () => {
    const one = await held();
    await recoverFrom(stores, one.owner);
    const record = await store(one);
    expect(await commit(one, record)).toBe(false);
    await dropAttempts(stores, [one.task]);
    await expectCollected(one);
  });

  it("with the end of the task, when neither of them came to it", async () => {
    const one = await held();
    await store(one);
    await stores.tables.tasks.release([one.task], 1);
    const next = { ...one, task: await acquire(one.task.taskId) };
    await start(next.task);
    expect(await commit(next, await store(next))).toBe(true);
    expect(await stores.storedObjects()).toHaveLength(2);
    await expectAllReadable(next, 2);
  });
});

describe("DU1: no object that a committed record or a COMPLETED result names is ever deleted", () => {
  it("by an agent that is refused, or asks in vain", async () => {
    const one = await held();
    const record = await store(one);
    await dropAttempts(stores, [one.task]);
    expect(await commit(one, record)).toBe(true);
    await dropAttempts(stores, [one.task]);
    await cancelTasks(stores, [one.task.taskId], "too late");
    await recoverFrom(stores, one.owner);
    expect(await statusOf(one)).toBe(COMPLETED);
    await expectAllReadable(one, 2);
  });

  it("when the attempt commits between the recoverer's look and its decision", async () => {
    const one = await held();
    const record = await store(one);
    const { tasks } = stores.tables;
    const decide: typeof tasks.decide = async (decisions, at) => {
      expect(await commit(one, record)).toBe(true);
      return await tasks.decide(decisions, at);
    };
    await recoverFrom(
      { ...stores, tables: { ...stores.tables, tasks: { ...tasks, decide } } },
      one.owner,
    );
    expect(await statusOf(one)).toBe(COMPLETED);
    await expectAllReadable(one, 2);
  });

  it("when the attempt starts and commits between the recoverer's look and its release", async () => {
    const one = await held(TaskStatus.DISPATCHED);
    const record = await store(one);
    const { tasks } = stores.tables;
    const release: typeof tasks.release = async (attempts, at) => {
      await start(one.task);
      expect(await commit(one, record)).toBe(true);
      return await tasks.release(attempts, at);
    };
    await recoverFrom(
      { ...stores, tables: { ...stores.tables, tasks: { ...tasks, release } } },
      one.owner,
    );
    expect(await statusOf(one)).toBe(COMPLETED);
    await expectAllReadable(one, 2);
  });

  it("when the attempt is decided while it is being collected, whoever is first", async () => {
    const rounds = 40;
    let wins = 0;
    for (let round = 0; round < rounds; round++) {
      const one = await held();
      const record = await store(one);
      const late = round % 4 === 0 ? new Promise(setImmediate) : Promise.resolve();
      const [won] = await Promise.all([
        late.then(() => commit(one, record)),
        recoverFrom(stores, one.owner),
        recoverFrom(stores, one.owner),
        dropAttempts(stores, [one.task]),
      ]);
      if (won) wins += 1;
      expect(await statusOf(one)).toBe(won ? COMPLETED : RETRIED);
      await expectAllReadable(one, won ? 2 : 0);
      expect(await stores.storedObjects()).toHaveLength(2 * wins);
    }
    expect([0, rounds]).not.toContain(wins);
  });
});
