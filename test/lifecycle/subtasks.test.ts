import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BatchInfo } from "../../src/adaptors/table-storage.ts";
import { type SessionId, stageOf } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { Task, TaskDefinition } from "../../src/domain/task.ts";
import { isDecided, rollForward } from "../../src/lifecycle/roll-forward.ts";
import { batchSubtasks } from "../../src/lifecycle/subtasks.ts";
import { submit, times } from "../support/orchestration.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";

let stores: TestStores;
let session: SessionId;
beforeEach(async () => {
  stores = await openStores();
  session = await stores.newSession();
});
afterEach(() => stores[Symbol.asyncDispose]());

/** A session with so many tasks; the last of them runs. */
async function running(count: number): Promise<Task> {
  const id = (await submit(stores, session, times(count, {}))).at(-1);
  const [parent] = id ? await stores.tables.tasks.acquire([id], AGENT, Date.now()) : [];
  if (!parent) throw new Error("not acquired");
  const { taskId, attempt } = parent;
  await stores.tables.tasks.start([{ taskId, attempt, fetchedAt: 1, startedAt: 1 }]);
  return parent;
}

/** What an agent does with its worker's subtasks before it commits. */
async function stage(
  parent: Task,
  subtasks: readonly TaskDefinition[],
  singleTasks = 64,
): Promise<TaskDefinition[]> {
  const soFar = await stores.tables.batches.taskCount(session);
  const tasks = batchSubtasks(parent, subtasks, { soFar, singleTasks, newId: randomUUID });
  await stores.tables.tasks.create(tasks, { stage: stageOf(parent.taskId, parent.attempt) });
  return tasks;
}

const subtasksOf = async (parent: Task, count: number): Promise<TaskDefinition[]> => {
  const change = { payloadId: parent.payloadId, createdBy: parent.taskId };
  return times(count, change).map((subtask) => stores.newTask(session, subtask));
};

async function commit({ taskId, attempt }: Task): Promise<void> {
  const record = { outcome: "completed", results: [], staged: true } as const;
  const { tasks } = stores.tables;
  await tasks.decide([{ taskId, attempt, from: [TaskStatus.PROCESSING], record }], 1);
}

const carryOut = async ({ taskId }: Task): Promise<void> =>
  rollForward(stores, (await stores.tables.tasks.get([taskId])).filter(isDecided));

async function finish(tasks: readonly TaskDefinition[]): Promise<void> {
  const ids = tasks.map(({ taskId }) => taskId);
  const record = { outcome: "error", error: "x" } as const;
  const from = [TaskStatus.PENDING, TaskStatus.SUBMITTED];
  await stores.tables.tasks.decide(
    ids.map((taskId) => ({ taskId, from, record })),
    1,
  );
  await stores.tables.tasks.finish(ids, 2);
}

async function batches(): Promise<BatchInfo[]> {
  const keys = Array.from({ length: 100 }, (_, i) => ({ sessionId: session, batch: i + 1 }));
  return await stores.tables.batches.get(keys);
}

const batchOf = async ({ batchId }: TaskDefinition) =>
  (await batches()).find((info) => info.batchId === batchId);

/** What the watch does when it sees nothing open. */
async function mayClose(task: TaskDefinition): Promise<boolean> {
  const info = await batchOf(task);
  return info !== undefined && (await stores.tables.batches.close([info])).length > 0;
}

describe("few subtasks of a session that is not small", () => {
  it("are part of their parent's batch, which nobody can close before they are final", async () => {
    const parent = await running(70);
    const others = await stores.tables.tasks.inBatches([parent.batchId], {
      statuses: [TaskStatus.SUBMITTED],
      limit: 100,
    });
    await finish(others);
    const before = await batches();
    const subtasks = await stage(parent, await subtasksOf(parent, 5));
    expect(await mayClose(parent)).toBe(false);
    await commit(parent);
    expect(await mayClose(parent)).toBe(false);
    await carryOut(parent);
    expect(await mayClose(parent)).toBe(false);
    // Again, as somebody else would.
    await carryOut(parent);
    expect((await batches()).length).toBe(before.length);
    await finish(subtasks.slice(1));
    expect(await mayClose(parent)).toBe(false);
    await finish(subtasks.slice(0, 1));
    expect(await mayClose(parent)).toBe(true);
    expect((await batchOf(parent))?.progress).toEqual({
      ...{ open: 0, pending: 0, completed: 1, failed: others.length + 5 },
    });
    expect(await stores.tables.batches.taskCount(session)).toBe(75);
  });

  it("do not hold their batch when the attempt that staged them does not count", async () => {
    const parent = await running(70);
    const open = async () => (await batchOf(parent))?.progress.open ?? 0;
    const before = await open();
    await stage(parent, await subtasksOf(parent, 5));
    expect(await open()).toBe(before + 5);
    const { taskId } = parent;
    const record = { outcome: "error", error: "revoked" } as const;
    await stores.tables.tasks.decide([{ taskId, from: [TaskStatus.PROCESSING], record }], 1);
    await carryOut(parent);
    expect(await open()).toBe(before - 1);
  });
});

describe("many subtasks", () => {
  it("have batches of their own", async () => {
    const parent = await running(70);
    const known = (await batches()).length;
    await stage(parent, await subtasksOf(parent, 1_200));
    await commit(parent);
    await carryOut(parent);
    const added = (await batches()).slice(known);
    expect(added.map(({ progress }) => progress.open)).toEqual([600, 600]);
    expect(added.map(({ name }) => name)).toEqual([undefined, undefined]);
  });
});

describe("subtasks of a small session", () => {
  it("have a batch each, named like any task: by what it makes", async () => {
    const parent = await running(2);
    const output = await stores.newResult(session, { name: "a tile" });
    const [first, second] = await subtasksOf(parent, 2);
    if (!first || !second) throw new Error("two subtasks");
    await stage(parent, [
      { ...first, expectedOutputIds: [output], options: { ...first.options, applicationName: "" } },
      second,
    ]);
    await commit(parent);
    await carryOut(parent);
    const names = (await batches()).slice(2).map(({ name }) => name);
    expect(names.toSorted()).toEqual([`${second.taskId} (test)`, "a tile"].toSorted());
  });

  it("is small up to the number that is configured", async () => {
    const parent = await running(3);
    const [subtask] = await stage(parent, await subtasksOf(parent, 1), 2);
    expect(subtask?.batchId).toBe(parent.batchId);
  });
});
