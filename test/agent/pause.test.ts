// What an operator was answered is so: which worker calls begin after a pause, a closure or a
// cancellation, and what becomes of those that had begun.
import { expect, it, vi } from "vitest";
import type { SessionId, TaskId } from "../../src/domain/ids.ts";
import type { SessionStatusName } from "../../src/domain/session-commands.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { cancelSessionTasks, cancelTasks } from "../../src/lifecycle/cancel.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { setStatus } from "./operator.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { type Behaviour, OK } from "./worker.ts";

const grid = freshGrid();
const { CANCELLED, COMPLETED, DISPATCHED, PAUSED, PROCESSING } = TaskStatus;
/** What is not told reaches nobody. */
const NEVER_BEATS = { heartbeatMs: 3_600_000 };

const set = (session: SessionId, status: SessionStatusName, stores: Stores = grid().stores) =>
  setStatus(stores, session, status);

const statusesOf = async (ids: readonly TaskId[]) =>
  (await grid().stores.tables.tasks.get(ids)).map(({ status }) => status);

/** An agent whose worker runs the first task until it is released, with others behind it. */
async function openBusy(stores: Stores = grid().stores) {
  const started = gate();
  const release = gate();
  const events: string[] = [];
  const behaviour: Behaviour = async ({ request, context }) => {
    events.push(`begins ${request.taskId}`);
    context.signal.addEventListener("abort", () => events.push(`cancelled ${request.taskId}`));
    started.resolve();
    await release.promise;
    return OK;
  };
  const pair = await openPair(grid(), { behaviour, stores, settings: NEVER_BEATS });
  const session = await grid().newSession();
  const running = await submitOne(grid(), {}, session);
  await started.promise;
  const waiting = await submitOne(grid(), {}, session);
  await reaches(grid(), waiting.id, DISPATCHED);
  const begins = `begins ${running.id}`;
  return { pair, session, running: running.id, waiting: waiting.id, release, events, begins };
}

it("RS2: a pause lets the running call end, and what waited behind it never begins", async () => {
  const busy = await openBusy();
  await using _pair = busy.pair;
  await set(busy.session, "Paused");
  expect(await statusesOf([busy.running, busy.waiting])).toEqual([PROCESSING, PAUSED]);
  busy.release.resolve();
  await reaches(grid(), busy.running, COMPLETED);
  await vi.waitFor(() => expect(busy.pair.agent.taskIds()).toEqual([]));
  expect(busy.events).toEqual([busy.begins]);
  await set(busy.session, "Running");
  await reaches(grid(), busy.waiting, COMPLETED);
});

it("RS2: a closure lets the running call end, and what waited behind it never begins", async () => {
  const busy = await openBusy();
  await using _pair = busy.pair;
  await set(busy.session, "Closed");
  busy.release.resolve();
  await reaches(grid(), busy.running, COMPLETED);
  await vi.waitFor(() => expect(busy.pair.agent.taskIds()).toEqual([]));
  expect(busy.events).toEqual([busy.begins]);
});

it("RS2: a cancellation has cancelled the running call when it answers", async () => {
  const busy = await openBusy();
  await using _pair = busy.pair;
  await set(busy.session, "Cancelled").then(() => busy.events.push("answered"));
  await vi.waitFor(() => expect(busy.events).toHaveLength(3));
  // The worker hears of it by another way than we of the answer: which is first is not said.
  expect(busy.events.toSorted()).toEqual(
    [busy.begins, `cancelled ${busy.running}`, "answered"].toSorted(),
  );
  await vi.waitFor(() => expect(busy.pair.agent.taskIds()).toEqual([]));
  busy.release.resolve();
});

it("CA1: of cancelled tasks the running call is cancelled, and what waited never begins", async () => {
  const busy = await openBusy();
  await using _pair = busy.pair;
  await cancelTasks(grid().stores, [busy.running, busy.waiting], "enough");
  await vi.waitFor(() => expect(busy.events).toEqual([busy.begins, `cancelled ${busy.running}`]));
  expect(await statusesOf([busy.running, busy.waiting])).toEqual([CANCELLED, CANCELLED]);
  await vi.waitFor(() => expect(busy.pair.agent.taskIds()).toEqual([]));
  busy.release.resolve();
});

it("CA1: who cancels again is not answered before the agent knows, either", async () => {
  const checks = gate();
  const { stores } = grid();
  const { agents } = stores.tables;
  const get: typeof agents.get = async (ids) => {
    await checks.promise;
    return await agents.get(ids);
  };
  const busy = await openBusy({
    ...stores,
    tables: { ...stores.tables, agents: { ...agents, get } },
  });
  await using _pair = busy.pair;
  const answers: string[] = [];
  const cancel = async (name: string) => {
    await cancelTasks(stores, [busy.waiting], "enough");
    answers.push(name);
  };
  const both = [cancel("first")];
  await reaches(grid(), busy.waiting, CANCELLED);
  both.push(cancel("second"));
  await vi.waitFor(async () => {
    const [row] = await agents.list();
    expect(row?.checksRequested).toBe(2);
  });
  expect(answers).toEqual([]);
  checks.resolve();
  await Promise.all(both);
  busy.release.resolve();
  await reaches(grid(), busy.running, COMPLETED);
  expect(busy.events).toEqual([busy.begins]);
});

it("Y2: a closure waits until the start of what runs is stored, and takes its outcome", async () => {
  const { stores } = grid();
  const { tasks } = stores.tables;
  const storing = gate();
  const started = gate();
  const start: typeof tasks.start = async (starts) => {
    started.resolve();
    await storing.promise;
    return await tasks.start(starts);
  };
  const held = { ...stores, tables: { ...stores.tables, tasks: { ...tasks, start } } };
  const release = gate();
  await using pair = await openPair(grid(), {
    stores: held,
    settings: { heartbeatMs: 50 },
    behaviour: async () => {
      await release.promise;
      return OK;
    },
  });
  const { id, session } = await submitOne(grid());
  await started.promise;
  let isClosed = false;
  const closing = set(session, "Closed").then(() => {
    isClosed = true;
  });
  // It says that it lives all the same (HB3).
  const heartbeats = async () => (await stores.tables.agents.list())[0]?.heartbeats ?? 0;
  const before = await heartbeats();
  await vi.waitFor(async () => expect(await heartbeats()).toBeGreaterThan(before + 3));
  expect(isClosed).toBe(false);
  storing.resolve();
  await closing;
  await cancelSessionTasks(stores, session, { reason: "closed", running: false });
  expect((await grid().task(id)).status).toBe(PROCESSING);
  release.resolve();
  await reaches(grid(), id, COMPLETED);
  expect(pair.lines.filter(({ msg }) => msg === "commit refused")).toEqual([]);
});

/** Stores whose agent hears of no request for a check. */
function deafStores(): Stores {
  const { stores } = grid();
  const agents = { ...stores.tables.agents, onCheckRequested: () => () => {} };
  return { ...stores, tables: { ...stores.tables, agents } };
}

it("HB2: an agent whose lease may be over looks before it begins anything", async () => {
  const { stores } = grid();
  let aheadMs = 0;
  const monotonicNow = () => performance.now() + aheadMs;
  const busy = await openBusy({ ...deafStores(), monotonicNow });
  await using _pair = busy.pair;
  // Its lease runs out, and whoever pauses waits for it no longer.
  aheadMs = stores.scheduling.leaseMs;
  await set(busy.session, "Paused", {
    ...stores,
    scheduling: { ...stores.scheduling, leaseMs: 0 },
  });
  busy.release.resolve();
  await reaches(grid(), busy.running, COMPLETED);
  await reaches(grid(), busy.waiting, PAUSED);
  expect(busy.events).toEqual([busy.begins]);
});

it("answers, when notices are lost, after a heartbeat", async () => {
  const started = gate();
  const release = gate();
  await using _pair = await openPair(grid(), {
    stores: deafStores(),
    settings: { heartbeatMs: 100 },
    behaviour: async () => {
      started.resolve();
      await release.promise;
      return OK;
    },
  });
  const session = await grid().newSession();
  await submitOne(grid(), {}, session);
  await started.promise;
  const waiting = await submitOne(grid(), {}, session);
  await reaches(grid(), waiting.id, DISPATCHED);
  await set(session, "Paused");
  expect(await statusesOf([waiting.id])).toEqual([PAUSED]);
  release.resolve();
});
