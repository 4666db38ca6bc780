import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import type { TaskId } from "../../src/domain/ids.ts";
import { FINAL_TASK_STATUSES, ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import { recoverFrom } from "../../src/lifecycle/recover.ts";
import { openPair } from "./pair.ts";
import { newSockets, startAgent } from "./processes.ts";
import { freshGrid } from "./scene.ts";
import { type Behaviour, OK, openTestWorker } from "./worker.ts";

const grid = freshGrid();
const ROOTS = 60;
const KILLS = 5;

/** A root makes two children, of which the second completes the root's own output. */
const behaviour: Behaviour = async (job) => {
  const { communicationToken, sessionId, payloadId, expectedOutputKeys } = job.request;
  const [output = ""] = expectedOutputKeys;
  if ((await job.input(payloadId)) !== "root") {
    await job.output(output, "leaf");
    return OK;
  }
  const { results } = await job.agent.createResults({
    ...{ communicationToken, sessionId },
    results: [{ name: "payload", data: Buffer.from("leaf") }, { name: "part" }],
  });
  const [leaf = "", part = ""] = results.map((result) => result.resultId);
  await job.agent.submitTasks({
    communicationToken,
    taskCreations: [
      { payloadId: leaf, expectedOutputKeys: [part] },
      { payloadId: leaf, dataDependencies: [part], expectedOutputKeys: [output] },
    ],
  });
  return OK;
};

/** What supervision does for tasks whose message was lost with an agent. */
async function republish(session: string): Promise<void> {
  const { tables, queue } = grid().stores;
  const tasks = await tables.tasks.inSession(session as never, [TaskStatus.SUBMITTED], 1_000);
  await queue.publish(
    tasks.map((task) => ({
      ...{ sessionId: task.sessionId, taskId: task.taskId, priority: 1 },
      partitionId: "default" as never,
    })),
  );
}

const allOf = async (session: string) => {
  const { rows } = await grid().stores.tables.tasks.list({
    filter: [[{ kind: "string", field: "sessionId", operator: "equal", value: session }]],
    sort: [{ field: "createdAt", descending: false }],
    ...{ page: 0, pageSize: 10_000 },
  });
  return rows;
};

it("commits each task once, whenever its agent is killed", async () => {
  const { stores } = grid();
  const session = await grid().newSession();
  const [payload, ...outputs] = await grid().newResults(session, [
    "root",
    ...Array.from({ length: ROOTS }, () => undefined),
  ]);
  const roots = await grid().submit(
    session,
    outputs.map((output) => ({
      payloadId: payload,
      outputs: [output],
      options: { maxRetries: 9 },
    })),
  );
  for (let i = 0; i < KILLS; i += 1) {
    const sockets = newSockets(grid());
    await using _worker = await openTestWorker(sockets, behaviour);
    await using agent = startAgent(grid(), sockets);
    await vi.waitFor(() => expect(agent.output()).toContain("worker call ended"));
    await sleep(Math.random() * 100);
    await agent.end("SIGKILL");
    for (const { agentId } of await stores.tables.agents.list()) await recoverFrom(stores, agentId);
    await republish(session);
  }
  await using _pair = await openPair(grid(), { behaviour });
  await vi.waitFor(
    async () => {
      await republish(session);
      const open = (await allOf(session)).filter(
        ({ status }) => !FINAL_TASK_STATUSES.includes(status),
      );
      expect(open.map(({ status }) => status)).toEqual([]);
    },
    { timeout: 60_000, interval: 200 },
  );

  const tasks = await allOf(session);
  const ended = Map.groupBy(tasks, ({ status }) => status);
  expect([...ended.keys()].filter((s) => s !== TaskStatus.RETRIED)).toEqual([TaskStatus.COMPLETED]);
  // One success for each chain of attempts, with two children each: nothing twice, nothing lost.
  const successes = ended.get(TaskStatus.COMPLETED) ?? [];
  const byInitial = Map.groupBy(successes, ({ initialTaskId }) => initialTaskId);
  expect([...byInitial.values()].filter((some) => some.length !== 1)).toEqual([]);
  expect(successes).toHaveLength(3 * ROOTS);
  const isRoot = (id: TaskId) => roots.includes(id);
  for (const { taskId: id, initialTaskId } of successes.filter((t) => isRoot(t.initialTaskId))) {
    const children = tasks.filter(({ parentTaskIds }) => parentTaskIds.at(-1) === id);
    const firsts = children.filter(({ retryOfIds }) => retryOfIds.length === 0);
    expect([initialTaskId, firsts.length]).toEqual([initialTaskId, 2]);
  }
  for (const output of outputs) {
    expect(await grid().result(output)).toEqual({ status: ResultStatus.COMPLETED, text: "leaf" });
  }
  expect(await stores.tables.tasks.orphans({ olderThanMs: 0, limit: 10 })).toEqual([]);
}, 120_000);
