import { expect, it, vi } from "vitest";
import { taskId } from "../../src/domain/ids.ts";
import { SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { heldUntil, OK } from "./worker.ts";

const grid = freshGrid();

it("lets the running task end and gives the waiting one back when it is told to stop", async () => {
  const started = gate();
  const release = gate();
  await using pair = await openPair(grid(), {
    behaviour: heldUntil(release, started),
  });
  const running = await submitOne(grid());
  await started.promise;
  const waiting = await submitOne(grid());
  await reaches(grid(), waiting.id, TaskStatus.DISPATCHED);
  const stopped = pair.stop();
  const back = await reaches(grid(), waiting.id, TaskStatus.SUBMITTED);
  expect(back).toMatchObject({ ownerAgentId: "", retryOfIds: [] });
  expect((await grid().task(running.id)).status).toBe(TaskStatus.PROCESSING);
  release.resolve();
  await stopped;
  expect((await grid().task(running.id)).status).toBe(TaskStatus.COMPLETED);
  expect(await grid().stores.tables.agents.list()).toEqual([]);
  await using _next = await openPair(grid(), { behaviour: async () => OK });
  await reaches(grid(), waiting.id, TaskStatus.COMPLETED);
});

it("gives a task that outlasts the grace delay back without using a retry", async () => {
  const cancelled = gate();
  await using pair = await openPair(grid(), {
    settings: { graceDelayMs: 50 },
    behaviour: ({ context }) =>
      new Promise((resolve) => {
        context.signal.addEventListener("abort", () => {
          cancelled.resolve();
          resolve(OK);
        });
      }),
  });
  const { id, output } = await submitOne(grid(), { maxRetries: 0 });
  await reaches(grid(), id, TaskStatus.PROCESSING);
  await pair.stop();
  await cancelled.promise;
  const task = await grid().task(id);
  expect(task).toMatchObject({ status: TaskStatus.SUBMITTED, attempt: 1, ownerAgentId: "" });
  expect(task.startedAt).toBeUndefined();
  await using _next = await openPair(grid(), {
    behaviour: async (job) => {
      await job.output(output, "in the end");
      return OK;
    },
  });
  expect(await reaches(grid(), id, TaskStatus.COMPLETED)).toMatchObject({ attempt: 2 });
  expect((await grid().result(output)).text).toBe("in the end");
});

it("stops while it is idle, and while its worker is away", async () => {
  await using idle = await openPair(grid(), { behaviour: async () => OK });
  await vi.waitFor(async () => expect(await grid().stores.tables.agents.list()).toHaveLength(1));
  await idle.stop();
  await using alone = await openPair(grid(), {
    behaviour: async () => OK,
    health: async () => 2,
  });
  await vi.waitFor(() => expect(alone.worker.healthChecks).toBeGreaterThan(0));
  await alone.stop();
});

it("gives a task back that waits too long behind another, if there is another agent", async () => {
  const started = gate();
  const release = gate();
  await using first = await openPair(grid(), {
    settings: { holdMs: 300 },
    behaviour: heldUntil(release, started),
  });
  const long = await submitOne(grid());
  await started.promise;
  const short = await submitOne(grid());
  await reaches(grid(), short.id, TaskStatus.DISPATCHED);
  // Alone, it keeps the task: nobody else could run it.
  const heartbeats = async () => (await grid().stores.tables.agents.list())[0]?.heartbeats ?? 0;
  const before = await heartbeats();
  await vi.waitFor(async () => expect(await heartbeats()).toBeGreaterThan(before + 8));
  expect((await grid().task(short.id)).ownerAgentId).toBe(first.agentId);
  await using second = await openPair(grid(), { behaviour: async () => OK });
  const task = await reaches(grid(), short.id, TaskStatus.COMPLETED);
  expect(task).toMatchObject({ ownerAgentId: second.agentId, attempt: 2, retryOfIds: [] });
  expect((await grid().task(long.id)).status).toBe(TaskStatus.PROCESSING);
  release.resolve();
  await reaches(grid(), long.id, TaskStatus.COMPLETED);
});

it("leaves tasks to idle agents while a long one runs", async () => {
  const release = gate();
  const behaviour = async () => {
    await release.promise;
    return OK;
  };
  await using one = await openPair(grid(), { behaviour });
  await using two = await openPair(grid(), { behaviour });
  await vi.waitFor(async () => expect(await grid().stores.tables.agents.list()).toHaveLength(2));
  const tasks = [await submitOne(grid()), await submitOne(grid())];
  for (const { id } of tasks) await reaches(grid(), id, TaskStatus.PROCESSING);
  const owners = await Promise.all(
    tasks.map(async ({ id }) => (await grid().task(id)).ownerAgentId),
  );
  expect(owners.toSorted()).toEqual([one.agentId, two.agentId].toSorted());
  release.resolve();
  for (const { id } of tasks) await reaches(grid(), id, TaskStatus.COMPLETED);
});

it("runs tasks of higher priority first among those it holds", async () => {
  const session = await grid().newSession();
  const order: number[] = [];
  const started = gate();
  const release = gate();
  await using _pair = await openPair(grid(), {
    behaviour: async ({ request }) => {
      order.push(request.taskOptions?.priority ?? 0);
      started.resolve();
      await release.promise;
      return OK;
    },
  });
  const first = await submitOne(grid(), { priority: 1 }, session);
  await started.promise;
  const ids = [];
  for (const priority of [2, 9, 5]) ids.push((await submitOne(grid(), { priority }, session)).id);
  const status = (await grid().stores.tables.sessions.get(session))?.status;
  expect(status).toBe(SessionStatus.RUNNING);
  release.resolve();
  for (const id of [first.id, ...ids]) await reaches(grid(), id, TaskStatus.COMPLETED);
  // One may have been taken ahead before the others came.
  expect(order.slice(-2).toSorted((a, b) => b - a)).toEqual(order.slice(-2));
});

it("commits a large output that is still being stored when it is told to stop", async () => {
  const large = "x".repeat(30_000_000);
  let stopped: Promise<void> | undefined;
  await using pair = await openPair(grid(), {
    behaviour: async (job) => {
      await job.output(job.request.expectedOutputKeys[0] ?? "", large);
      stopped = pair.stop();
      return OK;
    },
  });
  const { id, output } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.COMPLETED);
  await stopped;
  expect((await grid().result(output)).text).toHaveLength(large.length);
});

it("says that it lives until its running task has ended, after it was told to stop", async () => {
  const started = gate();
  const release = gate();
  await using pair = await openPair(grid(), {
    behaviour: heldUntil(release, started),
  });
  const { id } = await submitOne(grid());
  await started.promise;
  const stopped = pair.stop();
  const heartbeats = async () => (await grid().stores.tables.agents.list())[0]?.heartbeats ?? 0;
  const before = await heartbeats();
  await vi.waitFor(async () => expect(await heartbeats()).toBeGreaterThan(before + 3));
  expect((await grid().task(id)).status).toBe(TaskStatus.PROCESSING);
  release.resolve();
  await stopped;
  expect((await grid().task(id)).status).toBe(TaskStatus.COMPLETED);
  expect(await grid().stores.tables.agents.list()).toEqual([]);
});

it("counts the death of its worker as a crash also while it stops, and within the grace delay", async () => {
  const started = gate();
  await using pair = await openPair(grid(), {
    behaviour: () => {
      started.resolve();
      return new Promise(() => {});
    },
  });
  const { id } = await submitOne(grid(), { maxRetries: 1 });
  await started.promise;
  await reaches(grid(), id, TaskStatus.PROCESSING);
  const stopped = pair.stop();
  await pair.worker[Symbol.asyncDispose]();
  await stopped;
  const [next] = await grid().stores.tables.tasks.get([taskId(`${id}###1`)]);
  expect((await grid().task(id)).status).toBe(TaskStatus.RETRIED);
  expect(next).toMatchObject({ status: TaskStatus.SUBMITTED, crashCount: 1 });
});
