import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentId, partitionId, type TaskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { recoverFrom } from "../../src/lifecycle/recover.ts";
import { isDecided, rollForward } from "../../src/lifecycle/roll-forward.ts";
import { submit, times } from "../support/orchestration.ts";
import { OK } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";

let stores: TestStores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(() => stores[Symbol.asyncDispose]());

const { COMPLETED, PROCESSED, PROCESSING, RETRIED, SUBMITTED } = TaskStatus;
const partition = partitionId("default");
const statusesOf = async (ids: readonly TaskId[]) =>
  (await stores.tables.tasks.get(ids)).map(({ status }) => status);

/** Takes all messages and tasks as an agent does; the tasks get as far as `reach` says, in order. */
async function hold(ids: readonly TaskId[], reach: readonly TaskStatus[]) {
  const { tasks } = stores.tables;
  const self = { agentId: agentId(`agent-${randomUUID()}`), hostname: "here" };
  const { signal } = new AbortController();
  const deliveries = await stores.queue.receive(partition, ids.length, signal);
  expect(deliveries).toHaveLength(ids.length);
  const wanted = ids.filter((_, i) => reach[i] !== SUBMITTED);
  const held = await tasks.acquire(wanted, self, 1);
  for (const { taskId, attempt } of held) {
    const status = reach[ids.indexOf(taskId)] ?? SUBMITTED;
    if (status === TaskStatus.DISPATCHED) continue;
    await tasks.start([{ taskId, attempt, fetchedAt: 1, startedAt: 1 }]);
    if (status === PROCESSING) continue;
    await tasks.decide([{ taskId, attempt, from: [PROCESSING], record: OK }], 1);
    if (status === COMPLETED)
      await rollForward(stores, (await tasks.get([taskId])).filter(isDecided));
  }
  expect(await statusesOf(ids)).toEqual(reach);
  return self.agentId;
}

describe("recovery from a dead agent", () => {
  it("publishes what it gives back and what it retries, and nothing else", async () => {
    const id = await stores.newSession();
    const tasks = await submit(stores, id, times(5, {}));
    const { DISPATCHED } = TaskStatus;
    const dead = await hold(tasks, [SUBMITTED, DISPATCHED, PROCESSING, PROCESSED, COMPLETED]);
    expect(await stores.queue.depth(partition)).toEqual({ waiting: 0 });
    expect(await recoverFrom(stores, dead)).toBe(3);
    expect(await statusesOf(tasks)).toEqual([SUBMITTED, SUBMITTED, RETRIED, COMPLETED, COMPLETED]);
    const [, lost] = await stores.tables.tasks.get(tasks);
    expect(lost?.interruptions).toBe(1);
    const { signal } = new AbortController();
    const published = await stores.queue.receive(partition, 9, signal);
    expect(published.map(({ message: { taskId } }) => taskId).toSorted()).toEqual(
      [tasks[1], `${tasks[2]}###1`].toSorted(),
    );
    // That of the first was lost with the dead: supervision finds it while an agent is idle.
    expect(await recoverFrom(stores, dead)).toBe(0);
    expect(await stores.queue.depth(partition)).toEqual({ waiting: 0 });
  });

  it("RE2: takes nothing from one that has spoken since it was found dead", async () => {
    const id = await stores.newSession();
    const tasks = await submit(stores, id, times(1, {}));
    const agent = await hold(tasks, [TaskStatus.DISPATCHED]);
    const heartbeat = (after?: number) =>
      stores.tables.agents.heartbeat({
        ...{ agentId: agent, partitionId: partition, hostname: "here", after },
        ...{ held: 1, idleMs: 0, checksDone: 0 },
      });
    const found = await heartbeat();
    await heartbeat(1);
    expect(await recoverFrom(stores, agent, found.heartbeats)).toBeUndefined();
    expect(await statusesOf(tasks)).toEqual([TaskStatus.DISPATCHED]);
    expect(await recoverFrom(stores, agent, 2)).toBe(1);
    expect(await stores.tables.agents.get([agent])).toEqual([]);
  });

  it("RE2: lets nobody renew his lease between its end and the last of his tasks", async () => {
    const id = await stores.newSession();
    const tasks = await submit(stores, id, times(1, {}));
    const agent = await hold(tasks, [TaskStatus.DISPATCHED]);
    const { tables } = stores;
    const counters: number[] = [];
    const heartbeat = async (after?: number) => {
      const row = await tables.agents.heartbeat({
        ...{ agentId: agent, partitionId: partition, hostname: "here", after },
        ...{ held: 1, idleMs: 0, checksDone: 0 },
      });
      counters.push(row.heartbeats);
    };
    await heartbeat();
    const release: typeof tables.tasks.release = async (...args) => {
      await heartbeat(1);
      return await tables.tasks.release(...args);
    };
    const cut = { ...stores, tables: { ...tables, tasks: { ...tables.tasks, release } } };
    expect(await recoverFrom(cut, agent, 1)).toBe(1);
    await heartbeat(1);
    expect(counters).toEqual([1, 0, 3]);
  });
});
