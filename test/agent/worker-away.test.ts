// A worker that is there and does not serve: its agent ends, so that both are started anew.
import { once } from "node:events";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { TaskStatus } from "../../src/domain/status.ts";
import { cancelTasks } from "../../src/lifecycle/cancel.ts";
import { findPorts } from "../../src/main/dev/ports.ts";
import { WORKER_AWAY } from "../../src/main/exit-codes.ts";
import { type Child, newSockets, type Sockets, startAgent, startIllWorker } from "./processes.ts";
import { freshGrid, reaches, type Single, submitOne } from "./scene.ts";

const grid = freshGrid();

const PATIENCE_MS = 2_000;
/** Long enough for a second task to be taken meanwhile. */
const CALL_MS = 4_000;

interface IllPair extends AsyncDisposable {
  readonly agent: Child;
  readonly worker: Child;
  readonly sockets: Sockets;
  liveness(): Promise<number | undefined>;
}

async function openIllPair(illness: string, patienceMs = PATIENCE_MS): Promise<IllPair> {
  const sockets = newSockets(grid());
  const worker = startIllWorker(sockets, illness);
  const [port] = await findPorts([{ port: 0 }]);
  const agent = startAgent(grid(), sockets, {
    Pollster__WorkerPatienceMs: `${patienceMs}`,
    Pollster__HttpPort: `${port}`,
  });
  return {
    ...{ agent, worker, sockets },
    liveness: () =>
      fetch(`http://127.0.0.1:${port}/liveness`).then(
        ({ status }) => status,
        () => undefined,
      ),
    async [Symbol.asyncDispose]() {
      await agent.end();
      await worker.end();
    },
  };
}

/** Resolves when the agent has ended; answers what its liveness was until then. */
async function watchToTheEnd({ agent, liveness }: IllPair): Promise<ReadonlySet<unknown>> {
  const seen = new Set<unknown>();
  const ended = once(agent.child, "exit");
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) seen.add(await liveness());
  expect((await ended)[0], agent.output()).toBe(WORKER_AWAY);
  return seen;
}

/** A task that the worker begins, and one behind it that the agent holds ready. */
async function submitTwo(maxDurationMs: number): Promise<readonly [Single, Single]> {
  const first = await submitOne(grid(), { maxDurationMs, maxRetries: 0 });
  await reaches(grid(), first.id, TaskStatus.PROCESSING);
  const second = await submitOne(grid(), { maxRetries: 0 });
  await reaches(grid(), second.id, TaskStatus.DISPATCHED);
  return [first, second];
}

const expectGivenBack = async ({ agent }: IllPair, { id }: Single): Promise<void> => {
  expect(agent.output()).toMatch(/^The worker at \S+ has not served for [\d.]+ s \(.+\): it and/m);
  const task = await grid().task(id);
  expect(task).toMatchObject({ status: TaskStatus.SUBMITTED, crashCount: 0, retryOfIds: [] });
  expect(task.interruptions).toBeUndefined();
  expect(await grid().stores.tables.agents.list()).toEqual([]);
};

const ILLNESSES = [
  "stopped",
  "deadlocked",
  "out of file descriptors",
  "without its socket",
  "accepting connections only",
  "speaking HTTP/1 only",
  "not serving",
];

describe("an agent whose worker, after a task that timed out, is", () => {
  it.each(ILLNESSES)("%s gives back what it holds and ends; the next pair serves", async (ill) => {
    const pair = await openIllPair(ill);
    const [first, second] = await submitTwo(CALL_MS);
    await reaches(grid(), first.id, TaskStatus.TIMEOUT);
    expect(await watchToTheEnd(pair)).toContain(503);
    await expectGivenBack(pair, second);
    await pair[Symbol.asyncDispose]();
    rmSync(pair.sockets.workerSocket, { force: true });
    await using _next = await openIllPair("none");
    await reaches(grid(), second.id, TaskStatus.COMPLETED);
  });
});

describe("an agent", () => {
  it("ends when its worker does not serve after a task that was cancelled", async () => {
    await using pair = await openIllPair("deadlocked");
    const [first, second] = await submitTwo(3_600_000);
    await cancelTasks(grid().stores, [first.id], "enough");
    await watchToTheEnd(pair);
    await expectGivenBack(pair, second);
    expect((await grid().task(first.id)).status).toBe(TaskStatus.CANCELLED);
  });

  it("ends when its worker is stopped while it has nothing to do, before a task suffers", async () => {
    await using pair = await openIllPair("none");
    await vi.waitFor(async () => expect(await grid().stores.tables.agents.list()).toHaveLength(1));
    pair.worker.child.kill("SIGSTOP");
    await watchToTheEnd(pair);
  });

  it("leaves a worker alone that is busy in a call for longer than its patience", async () => {
    await using pair = await openIllPair("busy");
    const { id } = await submitOne(grid(), { maxRetries: 0 });
    await reaches(grid(), id, TaskStatus.COMPLETED);
    expect(await pair.liveness()).toBe(200);
    expect(pair.agent.child.exitCode).toBeNull();
  });

  it("waits longer for a worker that is slow to come up", async () => {
    const sockets = newSockets(grid());
    await using agent = startAgent(grid(), sockets, {
      Pollster__WorkerPatienceMs: `${PATIENCE_MS}`,
    });
    const { id } = await submitOne(grid(), { maxRetries: 0 });
    await vi.waitFor(() => expect(agent.output()).toContain('"tries":7'));
    await using _worker = startIllWorker(sockets, "none");
    await reaches(grid(), id, TaskStatus.COMPLETED);
  });

  it("that was stopped itself does not hold that against its worker", async () => {
    await using pair = await openIllPair("stopped", 2 * PATIENCE_MS);
    const [first, second] = await submitTwo(CALL_MS);
    await reaches(grid(), first.id, TaskStatus.TIMEOUT);
    // It is being asked for its health, and its answer comes when its agent hears nothing.
    pair.agent.child.kill("SIGSTOP");
    pair.worker.child.kill("SIGCONT");
    await sleep(3 * PATIENCE_MS);
    pair.agent.child.kill("SIGCONT");
    // Its second task stops this worker again, which is another matter.
    await reaches(grid(), second.id, TaskStatus.PROCESSING);
    expect(pair.agent.child.exitCode).toBeNull();
  });
});
