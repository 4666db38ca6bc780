import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { type AgentId, taskId } from "../../src/domain/ids.ts";
import { SUSPECT_AFTER_INTERRUPTIONS } from "../../src/domain/retry.ts";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import { errorOf } from "../../src/domain/task.ts";
import { toMessage } from "../../src/lifecycle/dispatch.ts";
import { recoverFrom } from "../../src/lifecycle/recover.ts";
import { storedObjects } from "../support/stored-objects.ts";
import { holdLock } from "./lock.ts";
import { openPair } from "./pair.ts";
import { type Child, newSockets, startAgent, startDeadlyWorker } from "./processes.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { type Behaviour, OK, openTestWorker } from "./worker.ts";

const grid = freshGrid();

const theAgent = (): Promise<AgentId> =>
  vi.waitFor(
    async () => {
      const [agent] = await grid().stores.tables.agents.list();
      expect(agent).toBeDefined();
      return agent?.agentId as AgentId;
    },
    { timeout: 60_000, interval: 20 },
  );

/** Completes its output and submits a subtask. */
const produce: Behaviour = async (job) => {
  const { communicationToken, payloadId, expectedOutputKeys } = job.request;
  const [output] = expectedOutputKeys;
  if (output) {
    await job.output(output, "made");
    await job.agent.submitTasks({ communicationToken, taskCreations: [{ payloadId }] });
  }
  return OK;
};

const childrenOf = async (id: string) => {
  const { rows } = await grid().stores.tables.tasks.list({
    filter: [[{ kind: "string", field: "createdBy", operator: "equal", value: id }]],
    sort: [{ field: "createdAt", descending: false }],
    ...{ page: 0, pageSize: 10 },
  });
  return rows;
};

it("counts the death of a worker as a crash, and quarantines the task after three", async () => {
  const sockets = newSockets(grid());
  const workers: Child[] = [];
  const replace = (): void => {
    rmSync(sockets.workerSocket, { force: true });
    const worker = startDeadlyWorker(sockets);
    workers.push(worker);
    worker.child.once("exit", () => {
      if (workers.length < 4) replace();
    });
  };
  replace();
  await using _agent = startAgent(grid(), sockets);
  await theAgent();
  const { id, output } = await submitOne(grid(), { maxRetries: 10 });
  await reaches(grid(), id, TaskStatus.RETRIED);
  const last = await reaches(grid(), taskId(`${id}###2`), TaskStatus.ERROR);
  expect(last.crashCount).toBe(2);
  expect(errorOf(last)).toMatch(/^Quarantined: the task took down its worker or agent 3 times/);
  expect((await grid().result(output)).status).toBe(ResultStatus.ABORTED);
  await Promise.all(workers.map((worker) => worker.end()));
}, 120_000);

it("does not begin a task that its agents have died over too often, and uses a retry for it", async () => {
  const { tables, queue } = grid().stores;
  const { id, output } = await submitOne(grid());
  const owner = { agentId: "dead" as AgentId, hostname: "" };
  for (let n = 1; n <= SUSPECT_AFTER_INTERRUPTIONS; n++) {
    await tables.tasks.acquire([id], owner, n);
    await tables.tasks.release([{ taskId: id, attempt: n }], n, "lost");
  }
  await queue.publish([toMessage(await grid().task(id))]);
  const ran: string[] = [];
  await using pair = await openPair(grid(), {
    behaviour: async (job) => {
      ran.push(job.request.taskId);
      return await produce(job);
    },
  });
  const task = await reaches(grid(), id, TaskStatus.RETRIED);
  expect(errorOf(task)).toMatch(/^Its agents died or stopped 20 times/);
  const next = await reaches(grid(), taskId(`${id}###1`), TaskStatus.COMPLETED);
  expect(next).toMatchObject({ crashCount: 1, attempt: 1, interruptions: undefined });
  expect((await grid().result(output)).text).toBe("made");
  expect(ran).not.toContain(id);
  await pair.stop();
}, 120_000);

it("does not blame a task for a worker that died while it was idle", async () => {
  const sockets = newSockets(grid());
  const first = await openTestWorker(sockets, produce);
  await using _agent = startAgent(grid(), sockets);
  const before = await submitOne(grid());
  await reaches(grid(), before.id, TaskStatus.COMPLETED);
  await first[Symbol.asyncDispose]();
  rmSync(sockets.workerSocket, { force: true });
  const { id } = await submitOne(grid(), { maxRetries: 0 });
  await using _second = await openTestWorker(sockets, produce);
  await reaches(grid(), id, TaskStatus.COMPLETED);
}, 120_000);

/** Kills an agent in the state that `stopAt` has brought about, and lets another one finish. */
interface Crash {
  readonly locked: "table" | "queue" | "objects";
  /** What the store shows when the agent can go no further. */
  readonly seen: TaskStatus;
}

const crash = async ({ locked, seen }: Crash): Promise<{ id: string; output: never }> => {
  const sockets = newSockets(grid());
  const calling = gate();
  const release = gate();
  await using _worker = await openTestWorker(sockets, async (job) => {
    calling.resolve();
    await release.promise;
    return produce(job);
  });
  await using agent = startAgent(grid(), sockets);
  const agentId = await theAgent();
  const { id, output } = await submitOne(grid());
  await calling.promise;
  await reaches(grid(), id, TaskStatus.PROCESSING);
  {
    using _lock = holdLock(grid().folder, locked);
    release.resolve();
    await reaches(grid(), id, seen);
    await vi.waitFor(() => expect(agent.output()).toContain("worker call ended"));
    await agent.end("SIGKILL");
  }
  expect(await recoverFrom(grid().stores, agentId)).toBe(1);
  return { id, output: output as never };
};

it("is retried when it dies before its outputs are stored", async () => {
  const { id, output } = await crash({ locked: "objects", seen: TaskStatus.PROCESSING });
  await using _pair = await openPair(grid(), { behaviour: produce });
  const next = await reaches(grid(), taskId(`${id}###1`), TaskStatus.COMPLETED);
  expect(next).toMatchObject({ crashCount: 1, retryOfIds: [id] });
  expect((await grid().result(output)).text).toBe("made");
  expect(await childrenOf(id)).toMatchObject([{ taskId: `${id}###1` }]);
  expect(await childrenOf(`${id}###1`)).toHaveLength(1);
}, 120_000);

it("is retried when it dies before its commit point, and nothing of it is seen", async () => {
  const { id, output } = await crash({ locked: "table", seen: TaskStatus.PROCESSING });
  expect((await grid().task(taskId(id))).status).toBe(TaskStatus.RETRIED);
  const ofAttempt = (key: string) => key.startsWith(`${id}@`);
  expect(storedObjects(join(grid().folder, "data")).filter(ofAttempt)).toEqual([]);
  await using _pair = await openPair(grid(), { behaviour: produce });
  await reaches(grid(), taskId(`${id}###1`), TaskStatus.COMPLETED);
  expect((await grid().result(output)).text).toBe("made");
  expect(await childrenOf(`${id}###1`)).toHaveLength(1);
}, 120_000);

it("is not run again when it dies after its commit point: its outcome is carried out", async () => {
  const { id, output } = await crash({ locked: "queue", seen: TaskStatus.PROCESSED });
  await reaches(grid(), taskId(id), TaskStatus.COMPLETED);
  expect((await grid().result(output)).text).toBe("made");
  const [child, ...others] = await childrenOf(id);
  expect(others).toEqual([]);
  // It may have died between marking the subtask and publishing it: what supervision would repeat.
  if (child) await grid().stores.queue.publish([toMessage(child)]);
  await using _pair = await openPair(grid(), { behaviour: produce });
  await reaches(grid(), child?.taskId ?? taskId(""), TaskStatus.COMPLETED);
  expect(await grid().stores.tables.tasks.get([taskId(`${id}###1`)])).toEqual([]);
}, 120_000);

it("leaves socket and lease in order when it is told to stop", async () => {
  const sockets = newSockets(grid());
  await using _worker = await openTestWorker(sockets, produce);
  await using agent = startAgent(grid(), sockets);
  await theAgent();
  const { id } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.COMPLETED);
  agent.child.kill("SIGTERM");
  const code = await new Promise((resolve) => agent.child.once("exit", resolve));
  expect(code, agent.output()).toBe(0);
  expect(existsSync(sockets.agentSocket)).toBe(false);
  expect(await grid().stores.tables.agents.list()).toEqual([]);
}, 120_000);

it("ends soon when it is told to stop while all stores are locked", async () => {
  const sockets = newSockets(grid());
  const calling = gate();
  await using _worker = await openTestWorker(sockets, async () => {
    calling.resolve();
    return OK;
  });
  await using agent = startAgent(grid(), sockets);
  await theAgent();
  const session = await grid().newSession();
  const [payload] = await grid().newResults(session, ["p"]);
  const tasks = Array.from({ length: 200 }, () => ({ payloadId: payload }));
  await grid().submit(session, tasks);
  await calling.promise;
  const names = ["table", "queue", "objects"] as const;
  const locks = names.map((name) => holdLock(grid().folder, name));
  const start = performance.now();
  await agent.end("SIGTERM");
  // Twice the grace delay, the last commit, the last heartbeat, and what closing three stores takes.
  expect(performance.now() - start, agent.output()).toBeLessThan(35_000);
  for (const lock of locks) lock[Symbol.dispose]();
  expect(existsSync(sockets.agentSocket)).toBe(false);
}, 120_000);
