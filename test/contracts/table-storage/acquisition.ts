import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { TaskStatus } from "../../../src/domain/status.ts";
import {
  idsOf,
  OPTIONS,
  only,
  partitionRow,
  someAgent,
  someSession,
  someTask,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import {
  acquired,
  bringTo,
  COMPLETED,
  decided,
  keyOf,
  pending,
  running,
  SEEN_STATUSES,
  statusOf,
  submitted,
} from "./steps.ts";

const T = TaskStatus;
const DATES = { fetchedAt: 14, startedAt: 15 };

export function acquisition({ open }: TableStoragePromises): void {
  it("gives a task to the agent that acquires it, at a new attempt", async () => {
    const tables = await open();
    const [a, b] = [taskIn(someSession()), taskIn(someSession())];
    await submitted(tables, [a, b]);
    const agentId = someAgent();
    const ids = [b.taskId, someTask(), a.taskId, b.taskId];
    const won = await tables.tasks.acquire(ids, { agentId, hostname: "host" }, 13);
    expect(won).toEqual(await tables.tasks.get(idsOf([b, a])));
    expect(won).toMatchObject(
      [b, a].map((definition) => ({
        ...definition,
        status: T.DISPATCHED,
        attempt: 1,
        ownerAgentId: agentId,
        ownerHostname: "host",
        submittedAt: 2,
        receivedAt: 13,
        acquiredAt: 13,
      })),
    );
  });

  for (const status of SEEN_STATUSES.filter((s) => s !== T.SUBMITTED)) {
    it(`acquires no task in status ${status}`, async () => {
      const tables = await open();
      const task = taskIn(someSession());
      await bringTo(tables, task, status);
      const owner = { agentId: someAgent(), hostname: "host" };
      expect(await tables.tasks.acquire([task.taskId], owner, 9)).toEqual([]);
      expect(await statusOf(tables, task.taskId)).toBe(status);
    });
  }

  it("gives a task to one of many agents that acquire it at once", async () => {
    const [one, two] = [await open(), await open()];
    const ids = await submitted(one, tasksIn(someSession(), 40));
    const agents = Array.from({ length: 12 }, someAgent);
    const won = await Promise.all(
      agents.map((agentId, i) =>
        (i % 2 ? one : two).tasks.acquire(ids, { agentId, hostname: "host" }, 3),
      ),
    );
    expect(idsOf(won.flat()).sort()).toEqual([...ids].sort());
    const owners = new Map((await one.tasks.get(ids)).map((task) => [task.taskId, task]));
    for (const [i, tasks] of won.entries()) {
      for (const { taskId } of tasks)
        expect(owners.get(taskId)).toMatchObject({ ownerAgentId: agents[i], attempt: 1 });
    }
  });

  for (const [how, hold] of [
    ["acquired", acquired],
    ["running", running],
  ] as const) {
    it(`releases a task that is ${how}, completely`, async () => {
      const tables = await open();
      const agent = someAgent();
      const definition = taskIn(someSession());
      const task = only(await hold(tables, [definition], agent));
      expect(await tables.tasks.release([keyOf(task)], 21)).toEqual([
        { taskId: task.taskId, ok: true, status: T.SUBMITTED, attempt: 1 },
      ]);
      const released = {
        ...definition,
        ...{ status: T.SUBMITTED, attempt: 1, ownerAgentId: "", ownerHostname: "" },
        submittedAt: 21,
        interruptions: how === "running" ? 1 : undefined,
      };
      expect(await tables.tasks.get([task.taskId])).toEqual([released]);
      expect(await tables.tasks.ownedBy(agent)).toEqual([]);
    });
  }

  it("starts a task, and answers per item in order", async () => {
    const tables = await open();
    const session = someSession();
    const [a, b] = await acquired(tables, tasksIn(session, 2));
    const waiting = taskIn(session);
    await submitted(tables, [waiting]);
    if (!a || !b) throw new Error("two tasks were acquired");
    const unknown = someTask();
    const starts = [
      { ...keyOf(b), ...DATES },
      { taskId: unknown, attempt: 1, ...DATES },
      { taskId: waiting.taskId, attempt: 0, ...DATES },
      { ...keyOf(a), attempt: 2, ...DATES },
      { ...keyOf(a), ...DATES },
      { ...keyOf(a), ...DATES },
    ];
    expect(await tables.tasks.start(starts)).toEqual([
      { taskId: b.taskId, ok: true, status: T.PROCESSING, attempt: 1 },
      { taskId: unknown, ok: false, status: undefined, attempt: 0 },
      { taskId: waiting.taskId, ok: false, status: T.SUBMITTED, attempt: 0 },
      { taskId: a.taskId, ok: false, status: T.DISPATCHED, attempt: 1 },
      { taskId: a.taskId, ok: true, status: T.PROCESSING, attempt: 1 },
      { taskId: a.taskId, ok: false, status: T.PROCESSING, attempt: 1 },
    ]);
    expect(await tables.tasks.get([a.taskId])).toMatchObject([
      { status: T.PROCESSING, fetchedAt: 14, startedAt: 15 },
    ]);
  });

  it("releases what an attempt holds, and answers per item in order", async () => {
    const tables = await open();
    const session = someSession();
    const agent = someAgent();
    const runs = only(await running(tables, [taskIn(session)], agent));
    const waits = only(await acquired(tables, [taskIn(session)], agent));
    const processed = only(await decided(tables, [taskIn(session)], COMPLETED, agent));
    const unknown = someTask();
    const keys = [
      { taskId: unknown, attempt: 1 },
      keyOf(processed),
      keyOf(runs),
      { ...keyOf(waits), attempt: 2 },
      keyOf(waits),
      keyOf(waits),
    ];
    expect(await tables.tasks.release(keys, 21)).toEqual([
      { taskId: unknown, ok: false, status: undefined, attempt: 0 },
      { taskId: processed.taskId, ok: false, status: T.PROCESSED, attempt: 1 },
      { taskId: runs.taskId, ok: true, status: T.SUBMITTED, attempt: 1 },
      { taskId: waits.taskId, ok: false, status: T.DISPATCHED, attempt: 1 },
      { taskId: waits.taskId, ok: true, status: T.SUBMITTED, attempt: 1 },
      { taskId: waits.taskId, ok: false, status: T.SUBMITTED, attempt: 1 },
    ]);
    expect(idsOf(await tables.tasks.ownedBy(agent))).toEqual([processed.taskId]);
    const decision = { ...keyOf(runs), from: [T.PROCESSING], record: COMPLETED };
    expect(await tables.tasks.decide([decision], 22)).toMatchObject([{ ok: false }]);
  });

  it("counts how often a task was given back while it ran, or lost before", async () => {
    const tables = await open();
    const agent = someAgent();
    const { taskId } = only(await acquired(tables, [taskIn(someSession())], agent));
    const owner = { agentId: agent, hostname: "host" };
    const counts: (number | undefined)[] = [];
    const back = async (attempt: number, how: "waiting" | "running" | "lost") => {
      const key = { taskId, attempt };
      if (how === "running") await tables.tasks.start([{ ...key, ...DATES }]);
      await tables.tasks.release([key], 5, how === "lost" ? how : undefined);
      // Repeated, it releases nothing, and counts nothing.
      await tables.tasks.release([key], 5, "lost");
      const [task] = await tables.tasks.acquire([taskId], owner, 6);
      counts.push(task?.interruptions);
    };
    await back(1, "waiting");
    await back(2, "running");
    await back(3, "waiting");
    await back(4, "lost");
    expect(counts).toEqual([undefined, 1, 1, 2]);
  });

  it("refuses an attempt that another one followed", async () => {
    const tables = await open();
    const old = only(await acquired(tables, [taskIn(someSession())]));
    const { taskId } = old;
    await tables.tasks.release([keyOf(old)], 4);
    await tables.tasks.acquire([taskId], { agentId: someAgent(), hostname: "other" }, 5);
    const now = { taskId, ok: false, status: T.DISPATCHED, attempt: 2 };
    const decision = { ...keyOf(old), from: [T.DISPATCHED, T.PROCESSING], record: COMPLETED };
    expect(await tables.tasks.start([{ ...keyOf(old), ...DATES }])).toEqual([now]);
    expect(await tables.tasks.release([keyOf(old)], 6)).toEqual([now]);
    expect(await tables.tasks.decide([decision], 6)).toEqual([now]);
    await tables.tasks.start([{ taskId, attempt: 2, ...DATES }]);
    expect(await tables.tasks.decide([decision], 6)).toMatchObject([{ ok: false, attempt: 2 }]);
    expect(await statusOf(tables, taskId)).toBe(T.PROCESSING);
  });

  it("knows whether a task of a partition has been waiting for an agent, and for how long", async () => {
    const [tables, other] = [await open(), await open()];
    const { partitionId } = partitionRow();
    const task = taskIn(someSession(), { options: { ...OPTIONS, partitionId } });
    const isWaiting = async (olderThanMs: number) => {
      const answers = [tables, other].map(({ tasks }) => tasks.isWaiting(partitionId, olderThanMs));
      expect(await answers[0]).toBe(await answers[1]);
      return answers[0];
    };
    await pending(tables, [task]);
    expect(await isWaiting(0)).toBe(false);
    await tables.tasks.submit([task.taskId], 1);
    expect(await isWaiting(0)).toBe(true);
    expect(await isWaiting(10_000)).toBe(false);
    await sleep(35);
    expect(await isWaiting(30)).toBe(true);
    expect(await tables.tasks.isWaiting(partitionRow().partitionId, 0)).toBe(false);
    const held = only(
      await tables.tasks.acquire([task.taskId], { agentId: someAgent(), hostname: "" }, 1),
    );
    expect(await isWaiting(0)).toBe(false);
    // Given back: it waits anew.
    await tables.tasks.release([keyOf(held)], 1);
    expect(await isWaiting(0)).toBe(true);
    expect(await isWaiting(10_000)).toBe(false);
    await tables.tasks.pause([task.taskId]);
    expect(await isWaiting(0)).toBe(false);
  });
}
