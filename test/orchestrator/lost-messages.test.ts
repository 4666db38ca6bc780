// A lost message is a task that waits while an agent of its partition says that it is idle.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { agentId, partitionId, type TaskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { republishLost } from "../../src/orchestrator/supervision/republish-lost.ts";
import { createBatchState, NEVER } from "../../src/orchestrator/supervision/state.ts";
import { holdInKilledProcess } from "../support/hold-deliveries.ts";
import { submit, times } from "../support/orchestration.ts";
import { OK, openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { supervise } from "./supervision.ts";

let stores: TestStores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(() => stores[Symbol.asyncDispose]());

const { COMPLETED, SUBMITTED } = TaskStatus;
/** Longer than supervision would wait for a task that is lost. */
const A_WHILE_MS = 2_500;

const statusesOf = async (ids: readonly TaskId[]) =>
  new Set((await stores.tables.tasks.get(ids)).map(({ status }) => status));

const batchesOf = async (ids: readonly TaskId[]) =>
  new Set((await stores.tables.tasks.get(ids)).map(({ batchId }) => batchId)).size;

/** The same stores; notes when supervision publishes what. */
function watched(): { stores: Stores; published: { at: number; taskIds: TaskId[] }[] } {
  const { queue } = stores;
  const published: { at: number; taskIds: TaskId[] }[] = [];
  const publish: typeof queue.publish = async (messages) => {
    await queue.publish(messages);
    const taskIds = messages.map(({ taskId }) => taskId);
    if (taskIds.length > 0) published.push({ at: performance.now(), taskIds });
  };
  return { published, stores: { ...stores, queue: { ...queue, publish } } };
}

/** An agent that takes nothing and says what it is told to, again and again until it is silent. */
function openTalker(says: { idleMs: number; partition?: string }) {
  const { agents } = stores.tables;
  const talker = { ...says, silent: false };
  const stop = new AbortController();
  const id = agentId(`agent-${randomUUID()}`);
  const heartbeat = () =>
    agents.heartbeat({
      ...{ agentId: id, partitionId: partitionId(talker.partition ?? "default") },
      ...{ hostname: "here", held: 0, idleMs: talker.idleMs, checksDone: 0 },
    });
  const talking = (async () => {
    while (!stop.signal.aborted) {
      if (!talker.silent) await heartbeat();
      await sleep(50);
    }
  })();
  return Object.assign(talker, {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await talking;
    },
  });
}

describe("a message that is lost is published again", () => {
  it("with all others when the queue is purged under load, and each task runs once", async () => {
    const session = await stores.newSession();
    const tasks = await submit(stores, session, times(600, {}));
    const run = async () => {
      await sleep(5);
      return OK;
    };
    await using one = await openStandInAgent(stores, { run, slots: 4 });
    await using two = await openStandInAgent(stores, { run, slots: 4 });
    const begun = () => [...one.begun, ...two.begun].map(({ taskId }) => taskId);
    await using watching = await supervise(stores, session, await batchesOf(tasks));
    await vi.waitFor(() => expect(begun().length).toBeGreaterThan(100));
    const waiting = (await stores.queue.depth(partitionId("default")))?.waiting;
    expect(waiting).toBeGreaterThan(100);
    await stores.purgeQueue();
    await watching.settled;
    expect(await statusesOf(tasks)).toEqual(new Set([COMPLETED]));
    expect(begun().toSorted()).toEqual(tasks.toSorted());
  });

  it("when the agent that had received it was killed before it acquired the task", async () => {
    const session = await stores.newSession();
    const tasks = await submit(stores, session, times(5, {}));
    const { path } = stores;
    const held = await holdInKilledProcess({ driver: "embedded", path }, "default", 3);
    expect(held).toHaveLength(3);
    await using agent = await openStandInAgent(stores);
    await using watching = await supervise(stores, session, 5);
    await watching.settled;
    expect(agent.begun.map(({ taskId }) => taskId).toSorted()).toEqual(tasks.toSorted());
    expect(agent.begun.slice(2).map(({ taskId }) => taskId)).toEqual(expect.arrayContaining(held));
  });

  it("by two supervisors, and its task runs once", async () => {
    const session = await stores.newSession();
    const tasks = await submit(stores, session, times(40, {}));
    await stores.purgeQueue();
    await using agent = await openStandInAgent(stores);
    await using first = await supervise(stores, session, 40);
    await using second = await supervise(stores, session, 40);
    await Promise.all([first.settled, second.settled]);
    expect(agent.begun.map(({ taskId }) => taskId).toSorted()).toEqual(tasks.toSorted());
  });

  it("where no agent is ever idle, when it has waited suspiciously long, ever more rarely", async () => {
    const session = await stores.newSession();
    const [task] = await submit(stores, session, [{}]);
    const [info] = await stores.tables.batches.get([{ sessionId: session, batch: 1 }]);
    if (!task || !info) throw new Error("nothing submitted");
    const { stores: seen, published } = watched();
    const state = { ...createBatchState(info, NEVER), patienceMs: 400 };
    const look = () => {
      state.lostCheck.at = 0;
      return republishLost(seen, [state], { republishAfterMs: 0, partitions: new Set() });
    };
    expect(await look()).toBe(0);
    await vi.waitFor(async () => expect(await look()).toBe(1));
    await vi.waitFor(async () => expect(await look()).toBe(1));
    const [first = 0, second = 0] = published.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(790);
  });

  it("ever more rarely while nobody takes it", async () => {
    const session = await stores.newSession();
    await submit(stores, session, [{}]);
    const { stores: seen, published } = watched();
    await using _deaf = openTalker({ idleMs: 60_000 });
    await using _watching = await supervise(seen, session, 1);
    await vi.waitFor(() => expect(published.length).toBe(3));
    const [first = 0, second = 0, third = 0] = published.map(({ at }) => at);
    expect(third - second).toBeGreaterThan(1.5 * (second - first));
  });
});

describe("nothing is published again", () => {
  /** Nothing for a while; then, to show that it could have been, when an agent is idle. */
  const expectNothing = async (talker: ReturnType<typeof openTalker>): Promise<void> => {
    const session = await stores.newSession();
    const [task] = await submit(stores, session, [{}]);
    if (!task) throw new Error("nothing submitted");
    const { stores: seen, published } = watched();
    await using _watching = await supervise(seen, session, 1);
    await sleep(A_WHILE_MS);
    expect(published).toEqual([]);
    expect(await statusesOf([task])).toEqual(new Set([SUBMITTED]));
    Object.assign(talker, { idleMs: 60_000, partition: "default", silent: false });
    await vi.waitFor(() => expect(published).toMatchObject([{ taskIds: [task] }]));
  };

  it("while the agents are busy, however long", async () => {
    await using busy = openTalker({ idleMs: 0 });
    await expectNothing(busy);
  });

  it("while another partition's agent is idle", async () => {
    await using stranger = openTalker({ idleMs: 60_000, partition: "another" });
    await expectNothing(stranger);
  });

  it("for the sake of an agent that was idle when it died", async () => {
    await using dead = openTalker({ idleMs: 60_000 });
    await vi.waitFor(async () => expect(await stores.tables.agents.list()).toHaveLength(1));
    dead.silent = true;
    await expectNothing(dead);
  });
});
