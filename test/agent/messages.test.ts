// What an agent owes to a message: it is acknowledged when the store knows what became of its task.
import { expect, it, vi } from "vitest";
import type { QueueStorage } from "../../src/adaptors/queue.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { PARTITION } from "./grid.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { heldUntil, OK } from "./worker.ts";

const grid = freshGrid();

/** Notes what is asked of the queue and of acquisition, in order. */
function watched(change: Partial<QueueStorage> = {}) {
  const { stores } = grid();
  const { tables } = stores;
  const calls: string[] = [];
  const queue: QueueStorage = {
    ...{ ...stores.queue, ...change },
    async publish(messages) {
      await stores.queue.publish(messages);
      if (messages.length > 0) calls.push("published");
    },
    async ack(deliveries) {
      await stores.queue.ack(deliveries);
      calls.push("acknowledged");
    },
  };
  const tasks: typeof tables.tasks = {
    ...tables.tasks,
    async acquire(...args) {
      const won = await tables.tasks.acquire(...args);
      calls.push("acquired");
      return won;
    },
  };
  return { calls, stores: { ...stores, queue, tables: { ...tables, tasks } } satisfies Stores };
}

it("acknowledges a message once the acquisition is stored, while its task runs", async () => {
  const started = gate();
  const release = gate();
  const { calls, stores } = watched();
  await using _pair = await openPair(grid(), { stores, behaviour: heldUntil(release, started) });
  const { id } = await submitOne(grid());
  await started.promise;
  await vi.waitFor(() => expect(calls).toEqual(["acquired", "acknowledged"]));
  expect((await grid().task(id)).status).not.toBe(TaskStatus.COMPLETED);
  release.resolve();
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(calls).toEqual(["acquired", "acknowledged"]);
});

it("acknowledges no message while the acquisition fails", async () => {
  let away = true;
  const { calls, stores } = watched();
  const { tasks } = stores.tables;
  const acquire: typeof tasks.acquire = async (...args) => {
    if (!away) return await tasks.acquire(...args);
    calls.push("failed");
    throw new Error("the store is away");
  };
  const failing = { ...stores, tables: { ...stores.tables, tasks: { ...tasks, acquire } } };
  await using _pair = await openPair(grid(), { stores: failing, behaviour: async () => OK });
  const { id } = await submitOne(grid());
  await vi.waitFor(() => expect(calls.length).toBeGreaterThan(2));
  expect(new Set(calls)).toEqual(new Set(["failed"]));
  away = false;
  await reaches(grid(), id, TaskStatus.COMPLETED);
  await vi.waitFor(() => expect(calls.slice(-2)).toEqual(["acquired", "acknowledged"]));
});

it("publishes again, then acknowledges, what it receives when it is told to stop", async () => {
  const asked = gate();
  const stopped = gate();
  const { queue } = grid().stores;
  const receive: QueueStorage["receive"] = async (partition, max) => {
    asked.resolve();
    await stopped.promise;
    return await queue.receive(partition, max, AbortSignal.timeout(10_000));
  };
  const { calls, stores } = watched({ receive });
  await using pair = await openPair(grid(), { stores, behaviour: async () => OK });
  const { id } = await submitOne(grid());
  await asked.promise;
  const stopping = pair.stop();
  stopped.resolve();
  await stopping;
  expect(calls).toEqual(["published", "acknowledged"]);
  expect((await grid().task(id)).status).toBe(TaskStatus.SUBMITTED);
  expect(await queue.depth(PARTITION)).toEqual({ waiting: 1 });
});

it("publishes what it gives back, and again when it cannot tell whether it did", async () => {
  const started = gate();
  const release = gate();
  const { queue } = grid().stores;
  let failures = 0;
  const { calls, stores } = watched();
  const publish: QueueStorage["publish"] = async (messages) => {
    await queue.publish(messages);
    if (messages.length > 0 && failures++ === 0) throw new Error("the answer was lost");
  };
  const failing = { ...stores, queue: { ...stores.queue, publish } };
  const behaviour = heldUntil(release, started);
  await using pair = await openPair(grid(), { stores: failing, behaviour });
  await submitOne(grid());
  await started.promise;
  const waiting = await submitOne(grid());
  await reaches(grid(), waiting.id, TaskStatus.DISPATCHED);
  const stopping = pair.stop();
  await reaches(grid(), waiting.id, TaskStatus.SUBMITTED);
  await vi.waitFor(() => expect(failures).toBe(2));
  release.resolve();
  await stopping;
  expect(await queue.depth(PARTITION)).toEqual({ waiting: 1 });
  expect(calls.filter((call) => call === "acknowledged")).toHaveLength(2);
});
