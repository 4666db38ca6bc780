// Agents that are processes of their own: what was answered is so for them, too.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import type { SessionId, TaskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { setStatus } from "./operator.ts";
import { newSockets, startAgent } from "./processes.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { type Behaviour, OK, openTestWorker } from "./worker.ts";

const grid = freshGrid();
const { COMPLETED, DISPATCHED, PAUSED, PENDING, PROCESSING, SUBMITTED } = TaskStatus;
const NOT_BEGUN: readonly TaskStatus[] = [PENDING, SUBMITTED, DISPATCHED, PAUSED];

const statusesOf = async (ids: readonly TaskId[]) =>
  (await grid().stores.tables.tasks.get(ids)).map(({ status }) => status);

async function submitMany(count: number): Promise<{ session: SessionId; ids: TaskId[] }> {
  const session = await grid().newSession();
  const [payloadId] = await grid().newResults(session, ["payload"]);
  const ids = await grid().submit(
    session,
    Array.from({ length: count }, () => ({ payloadId })),
  );
  return { session, ids: [...ids] };
}

it("runs each task once, however often its session is paused and resumed, on several agents", async () => {
  const COUNT = 200;
  const runs = new Map<string, number>();
  const behaviour: Behaviour = async ({ request: { taskId } }) => {
    runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
    return OK;
  };
  await using stack = new AsyncDisposableStack();
  const agents = await Promise.all(
    [1, 2].map(async () => {
      const sockets = newSockets(grid());
      stack.use(await openTestWorker(sockets, behaviour));
      return stack.use(startAgent(grid(), sockets));
    }),
  );
  const { session, ids } = await submitMany(COUNT);
  await vi.waitFor(() => expect(runs.size).toBeGreaterThan(0));
  for (let round = 0; round < 8; round += 1) {
    await setStatus(grid().stores, session, "Paused");
    const statuses = await statusesOf(ids);
    const waiting = ids.filter((_, i) => NOT_BEGUN.includes(statuses[i] as TaskStatus));
    await sleep(100);
    expect(waiting.filter((id) => runs.has(id))).toEqual([]);
    await setStatus(grid().stores, session, "Running");
    await sleep(100);
  }
  await vi.waitFor(async () => {
    expect((await statusesOf(ids)).filter((status) => status !== COMPLETED)).toEqual([]);
  });
  expect([...runs.values()].filter((count) => count !== 1)).toEqual([]);
  for (const agent of agents) expect(agent.output()).not.toContain("commit refused");
});

it("Y3: a pause waits no longer than its lease for a stopped agent, which begins nothing when it goes on", async () => {
  const stores = {
    ...grid().stores,
    scheduling: { ...grid().stores.scheduling, leaseMs: 1_500 },
  };
  const ran: string[] = [];
  const started = gate();
  const release = gate();
  const sockets = newSockets(grid());
  await using _worker = await openTestWorker(sockets, async ({ request }) => {
    ran.push(request.taskId);
    started.resolve();
    await release.promise;
    return OK;
  });
  // No heartbeat is due when it goes on: it must know by itself.
  await using agent = startAgent(grid(), sockets, {
    ...{ Scheduling__LeaseMs: "1500", Pollster__HeartbeatMs: "3600000" },
  });
  const session = await grid().newSession();
  const running = await submitOne(grid(), {}, session);
  await started.promise;
  const waiting = await submitOne(grid(), {}, session);
  await reaches(grid(), running.id, PROCESSING);
  await reaches(grid(), waiting.id, DISPATCHED);
  agent.child.kill("SIGSTOP");
  let isPaused = false;
  const pausing = setStatus(stores, session, "Paused").then(() => {
    isPaused = true;
  });
  await sleep(500);
  expect(isPaused).toBe(false);
  await pausing;
  // The answer of the call is the first that it finds.
  release.resolve();
  await sleep(200);
  agent.child.kill("SIGCONT");
  await reaches(grid(), running.id, COMPLETED);
  await reaches(grid(), waiting.id, PAUSED);
  expect(ran).toEqual([running.id]);
  await setStatus(stores, session, "Running");
  await reaches(grid(), waiting.id, COMPLETED);
});
