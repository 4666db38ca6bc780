import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentId, objectId, type ResultId, resultId, stageOf } from "../../src/domain/ids.ts";
import type { Result } from "../../src/domain/result.ts";
import { afterFailure } from "../../src/domain/retry.ts";
import { ResultStatus, SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import type { CommitRecord, Task, TaskDefinition } from "../../src/domain/task.ts";
import { admit } from "../../src/lifecycle/admit.ts";
import { cancelSessionTasks, cancelTasks } from "../../src/lifecycle/cancel.ts";
import { recoverFrom } from "../../src/lifecycle/recover.ts";
import { isDecided, refuse, rollForward } from "../../src/lifecycle/roll-forward.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";

let stores: TestStores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(async () => {
  await stores[Symbol.asyncDispose]();
});

const done: Partial<Result> = { status: ResultStatus.COMPLETED, objectId: objectId("s-x") };

/** Stores and admits tasks like a client's submission. */
const submit = async (...tasks: TaskDefinition[]): Promise<void> => {
  const [first] = tasks;
  if (!first) return;
  await stores.tables.tasks.create(tasks);
  const batches = tasks.map(({ batchId, sessionId }) => ({ batchId, sessionId }));
  await refuse(stores, await admit(stores, { sessionId: first.sessionId, tasks, batches }));
};

const status = async (task: { taskId: Task["taskId"] }): Promise<TaskStatus | undefined> =>
  (await stores.tables.tasks.get([task.taskId]))[0]?.status;
const resultStatus = async (id: ResultId) => (await stores.tables.results.get([id]))[0]?.status;

/** Takes the task to PROCESSING; answers it at its attempt. */
const begin = async (task: TaskDefinition, owner = AGENT): Promise<Task> => {
  const [held] = await stores.tables.tasks.acquire([task.taskId], owner, Date.now());
  if (!held) throw new Error(`not acquired: ${await status(task)}`);
  const at = Date.now();
  await stores.tables.tasks.start([
    { taskId: held.taskId, attempt: held.attempt, fetchedAt: at, startedAt: at },
  ]);
  return held;
};

const decide = async (held: Task, record: CommitRecord): Promise<boolean> => {
  const { taskId, attempt } = held;
  const [answer] = await stores.tables.tasks.decide(
    [{ taskId, attempt, from: [TaskStatus.PROCESSING], record }],
    Date.now(),
  );
  return answer?.ok ?? false;
};

const carryOut = async (task: TaskDefinition): Promise<void> =>
  rollForward(stores, (await stores.tables.tasks.get([task.taskId])).filter(isDecided));

const producing = (...ids: ResultId[]): CommitRecord => ({
  outcome: "completed",
  results: ids.map((id) => ({ resultId: id, objectId: objectId(`s-${randomUUID()}`), size: 1 })),
  staged: false,
});

const run = async (task: TaskDefinition, record: CommitRecord): Promise<void> => {
  await decide(await begin(task), record);
  await carryOut(task);
};

describe("a task that succeeded", () => {
  it("completes its results, releases its dependents, and only then is COMPLETED", async () => {
    const session = await stores.newSession();
    const [payload, a, b] = [
      await stores.newResult(session, done),
      await stores.newResult(session),
      await stores.newResult(session),
    ];
    const first = stores.newTask(session, { payloadId: payload, expectedOutputIds: [a] });
    const second = stores.newTask(session, { payloadId: a, expectedOutputIds: [b] });
    await submit(first, second);
    expect([await status(first), await status(second)]).toEqual([
      TaskStatus.SUBMITTED,
      TaskStatus.PENDING,
    ]);
    const held = await begin(first);
    await decide(held, producing(a));
    expect([await status(first), await resultStatus(a)]).toEqual([
      TaskStatus.PROCESSED,
      ResultStatus.CREATED,
    ]);
    await carryOut(first);
    expect([await status(first), await resultStatus(a), await status(second)]).toEqual([
      TaskStatus.COMPLETED,
      ResultStatus.COMPLETED,
      TaskStatus.SUBMITTED,
    ]);
  });

  it("aborts an expected output that it left out, so that nobody waits for it for ever", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const out = await stores.newResult(session);
    const first = stores.newTask(session, { payloadId: payload, expectedOutputIds: [out] });
    const waiting = stores.newTask(session, { payloadId: payload, dataDependencies: [out] });
    await submit(first, waiting);
    await run(first, producing());
    expect([await status(first), await resultStatus(out), await status(waiting)]).toEqual([
      TaskStatus.COMPLETED,
      ResultStatus.ABORTED,
      TaskStatus.ERROR,
    ]);
  });

  it("hands an expected output over to the subtask that produces it", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const out = await stores.newResult(session);
    const parent = stores.newTask(session, { payloadId: payload, expectedOutputIds: [out] });
    await submit(parent);
    const held = await begin(parent);
    const stage = stageOf(held.taskId, held.attempt);
    const child = stores.newTask(session, {
      payloadId: payload,
      expectedOutputIds: [out],
      createdBy: parent.taskId,
      parentTaskIds: [session, parent.taskId],
    });
    await stores.tables.tasks.create([child], { stage });
    expect(await status(child)).toBeUndefined();
    await decide(held, { outcome: "completed", results: [], staged: true });
    await carryOut(parent);
    const [row] = await stores.tables.results.get([out]);
    expect([await status(parent), await status(child), row?.ownerTaskId, row?.status]).toEqual([
      TaskStatus.COMPLETED,
      TaskStatus.SUBMITTED,
      child.taskId,
      ResultStatus.CREATED,
    ]);
    await run(child, producing(out));
    expect(await resultStatus(out)).toBe(ResultStatus.COMPLETED);
  });
});

describe("a task that failed", () => {
  it("RF1: takes down all that can never run, and nobody else", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const [a, b, c] = [
      await stores.newResult(session),
      await stores.newResult(session),
      await stores.newResult(session),
    ];
    const failing = stores.newTask(session, { payloadId: payload, expectedOutputIds: [a] });
    const child = stores.newTask(session, { payloadId: a, expectedOutputIds: [b] });
    const grandchild = stores.newTask(session, { payloadId: payload, dataDependencies: [b] });
    const sibling = stores.newTask(session, { payloadId: payload, expectedOutputIds: [c] });
    await submit(failing, child, grandchild, sibling);
    await run(failing, { outcome: "error", error: "boom" });
    const statuses = await Promise.all([failing, child, grandchild, sibling].map(status));
    expect(statuses).toEqual([
      TaskStatus.ERROR,
      TaskStatus.ERROR,
      TaskStatus.ERROR,
      TaskStatus.SUBMITTED,
    ]);
    expect(await Promise.all([a, b, c].map(resultStatus))).toEqual([
      ResultStatus.ABORTED,
      ResultStatus.ABORTED,
      ResultStatus.CREATED,
    ]);
  });

  it("is followed by one retry, however many carry out the decision at once", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const out = await stores.newResult(session);
    const task = stores.newTask(session, { payloadId: payload, expectedOutputIds: [out] });
    await submit(task);
    const held = await begin(task);
    await decide(held, afterFailure(held, { error: "worker went down", crashed: true }));
    await Promise.all([carryOut(task), carryOut(task), carryOut(task)]);
    const [retry] = await stores.tables.tasks.get([`${task.taskId}###1` as Task["taskId"]]);
    expect(await status(task)).toBe(TaskStatus.RETRIED);
    expect(retry).toMatchObject({ status: TaskStatus.SUBMITTED, crashCount: 1 });
    await run(retry as Task, producing(out));
    expect(await resultStatus(out)).toBe(ResultStatus.COMPLETED);
  });
});

describe("I2: at most one attempt's outcome counts", () => {
  it("an agent that comes back late is refused at its commit point", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const out = await stores.newResult(session);
    const task = stores.newTask(session, { payloadId: payload, expectedOutputIds: [out] });
    await submit(task);
    const late = await begin(task);
    expect(await recoverFrom(stores, AGENT.agentId)).toBe(1);
    expect(await decide(late, producing(out))).toBe(false);
    expect([await status(task), await resultStatus(out)]).toEqual([
      TaskStatus.RETRIED,
      ResultStatus.CREATED,
    ]);
  });

  it("a decided task of a dead agent is carried out, not run again", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const out = await stores.newResult(session);
    const task = stores.newTask(session, { payloadId: payload, expectedOutputIds: [out] });
    await submit(task);
    await decide(await begin(task), producing(out));
    await recoverFrom(stores, AGENT.agentId);
    expect([await status(task), await resultStatus(out)]).toEqual([
      TaskStatus.COMPLETED,
      ResultStatus.COMPLETED,
    ]);
  });

  it("a task that had not started goes back without using a retry", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const task = stores.newTask(session, { payloadId: payload });
    await submit(task);
    await stores.tables.tasks.acquire([task.taskId], AGENT, Date.now());
    await recoverFrom(stores, AGENT.agentId);
    expect(await status(task)).toBe(TaskStatus.SUBMITTED);
    const again = await begin(task, { agentId: agentId("agent-2"), hostname: "there" });
    expect(again.attempt).toBe(2);
  });
});

describe("cancelling", () => {
  it("CA2: aborts results at once and fails the dependents; final tasks are left", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const [a, b] = [await stores.newResult(session), await stores.newResult(session)];
    const ended = stores.newTask(session, { payloadId: payload, expectedOutputIds: [a] });
    const running = stores.newTask(session, { payloadId: payload, expectedOutputIds: [b] });
    const waiting = stores.newTask(session, { payloadId: b });
    await submit(ended, running, waiting);
    await run(ended, producing(a));
    const held = await begin(running);
    await cancelTasks(stores, [ended.taskId, running.taskId], "asked to");
    expect(await Promise.all([ended, running, waiting].map(status))).toEqual([
      TaskStatus.COMPLETED,
      TaskStatus.CANCELLED,
      TaskStatus.ERROR,
    ]);
    expect(await decide(held, producing(b))).toBe(false);
    expect(await resultStatus(b)).toBe(ResultStatus.ABORTED);
  });

  it("CA3: leaves no task behind, a submission that overlaps the end of the session included", async () => {
    const session = await stores.newSession();
    const payload = await stores.newResult(session, done);
    const missing = await stores.newResult(session);
    const tasks = Array.from({ length: 50 }, (_, i) =>
      stores.newTask(session, { payloadId: i % 2 ? payload : missing }),
    );
    const submissions = tasks.map((task) => submit(task));
    await stores.tables.sessions.change(session, [SessionStatus.RUNNING], {
      status: SessionStatus.CANCELLED,
    });
    await cancelSessionTasks(stores, session, { reason: "session cancelled", running: true });
    await Promise.all(submissions);
    const open = (await stores.tables.tasks.get(tasks.map(({ taskId }) => taskId))).filter(
      (task) => ![TaskStatus.CANCELLED, TaskStatus.ERROR].includes(task.status as never),
    );
    expect(open).toEqual([]);
    expect(await resultStatus(missing)).toBe(ResultStatus.ABORTED);
  });
});

describe("AD2: completion and submission may overlap in any order", () => {
  it("never loses the wake-up of a fan-in", { timeout: 120_000 }, async () => {
    for (let round = 0; round < 10; round++) {
      const session = await stores.newSession();
      const payload = await stores.newResult(session, done);
      const outputs = await Promise.all(
        Array.from({ length: 32 }, () => stores.newResult(session)),
      );
      const leaves = outputs.map((id) =>
        stores.newTask(session, { payloadId: payload, expectedOutputIds: [id] }),
      );
      const join = stores.newTask(session, { payloadId: payload, dataDependencies: outputs });
      await submit(...leaves);
      const held = await Promise.all(leaves.map((leaf) => begin(leaf)));
      await Promise.all([
        submit(join),
        ...held.map(async (task, i) => {
          await decide(task, producing(outputs[i] ?? resultId("")));
          await carryOut(task);
        }),
      ]);
      expect(await status(join)).toBe(TaskStatus.SUBMITTED);
    }
  });
});
