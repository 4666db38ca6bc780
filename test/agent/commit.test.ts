import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { type ResultId, resultId, taskId } from "../../src/domain/ids.ts";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import { errorOf } from "../../src/domain/task.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { type Job, OK } from "./worker.ts";

const grid = freshGrid();

const tasksOf = async (session: string) => {
  const { rows } = await grid().stores.tables.tasks.list({
    filter: [[{ kind: "string", field: "sessionId", operator: "equal", value: session }]],
    sort: [{ field: "createdAt", descending: false }],
    ...{ page: 0, pageSize: 10_000 },
  });
  return rows;
};

const outputOf = ({ request }: Job): string => request.expectedOutputKeys[0] ?? "";

it("runs a task and makes its output visible", async () => {
  const session = await grid().newSession();
  const [payload, input, output] = await grid().newResults(session, ["ping", "x", undefined]);
  await using pair = await openPair(grid(), {
    behaviour: async (job) => {
      const { payloadId, dataDependencies } = job.request;
      const texts = await Promise.all([payloadId, ...dataDependencies].map(job.input));
      await job.output(outputOf(job), texts.join("+"));
      return OK;
    },
  });
  const [id] = await grid().submit(session, [
    { payloadId: payload, inputs: [input], outputs: [output] },
  ]);
  const task = await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(task).toMatchObject({ attempt: 1, ownerAgentId: pair.agentId });
  expect(task.startedAt).toBeGreaterThanOrEqual(task.fetchedAt ?? Infinity);
  expect(await grid().result(output)).toEqual({ status: ResultStatus.COMPLETED, text: "ping+x" });
  await pair.stop();
  expect(readdirSync(pair.cacheFolder)).toEqual([]);
  expect(await grid().stores.queue.depth(task.options.partitionId as never)).toEqual({
    waiting: 0,
  });
});

/** Does everything a worker can, then waits. */
const busy =
  (done: () => Promise<unknown>, made: { id?: string }, end: () => ReturnType<typeof ok>) =>
  async (job: Job) => {
    const { communicationToken, sessionId, payloadId } = job.request;
    await job.output(outputOf(job), "early");
    const { results } = await job.agent.createResults({
      ...{ communicationToken, sessionId },
      results: [{ name: "made", data: Buffer.from("inline") }],
    });
    made.id = results[0]?.resultId ?? "";
    await job.agent.submitTasks({
      ...{ communicationToken, sessionId },
      taskCreations: [{ payloadId, expectedOutputKeys: [] }],
    });
    await done();
    return end();
  };
const ok = async () => OK;

it("shows nothing of an attempt before the worker answers ok, and all of it afterwards", async () => {
  const reached = gate();
  const release = gate();
  const made: { id?: string } = {};
  const behaviour = busy(
    () => {
      reached.resolve();
      return release.promise;
    },
    made,
    ok,
  );
  await using _pair = await openPair(grid(), {
    behaviour: (job) => (job.request.expectedOutputKeys[0] ? behaviour(job) : ok()),
  });
  const { session, id, output } = await submitOne(grid());
  await reached.promise;
  await reaches(grid(), id, TaskStatus.PROCESSING);
  expect((await grid().result(output)).status).toBe(ResultStatus.CREATED);
  expect(await grid().stores.tables.results.get([resultId(made.id ?? "")])).toEqual([]);
  expect(await tasksOf(session)).toHaveLength(1);
  release.resolve();
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(await grid().result(output)).toEqual({ status: ResultStatus.COMPLETED, text: "early" });
  expect((await grid().result(resultId(made.id ?? ""))).text).toBe("inline");
  const [child] = (await tasksOf(session)).filter(({ createdBy }) => createdBy === id);
  await reaches(grid(), child?.taskId ?? id, TaskStatus.COMPLETED);
});

it("drops what was buffered when the worker reports an error, and does not retry", async () => {
  const made: { id?: string } = {};
  const failed = async () => ({
    type: { $case: "error" as const, value: { details: "wrong input" } },
  });
  await using _pair = await openPair(grid(), { behaviour: busy(ok, made, failed as never) });
  const { session, id, output } = await submitOne(grid());
  const task = await reaches(grid(), id, TaskStatus.ERROR);
  expect(errorOf(task)).toBe("wrong input");
  expect(await grid().result(output)).toMatchObject({ status: ResultStatus.ABORTED });
  expect(await grid().stores.tables.results.get([resultId(made.id ?? "")])).toEqual([]);
  expect(await tasksOf(session)).toHaveLength(1);
});

it("lets subtasks take over the outputs of their parent", async () => {
  const split = async (job: Job): Promise<void> => {
    const { communicationToken, sessionId, payloadId } = job.request;
    const { results } = await job.agent.createResultsMetaData({
      ...{ communicationToken, sessionId },
      results: [{ name: "left" }, { name: "right" }],
    });
    const parts = results.map((part) => part.resultId);
    const { taskInfos } = await job.agent.submitTasks({
      ...{ communicationToken, sessionId },
      taskCreations: [
        ...parts.map((part) => ({ payloadId, expectedOutputKeys: [part] })),
        { payloadId, dataDependencies: parts, expectedOutputKeys: [outputOf(job)] },
      ],
    });
    expect(taskInfos).toHaveLength(3);
  };
  let root = true;
  await using _pair = await openPair(grid(), {
    behaviour: async (job) => {
      if (root) {
        root = false;
        await split(job);
        return OK;
      }
      const inputs = await Promise.all(job.request.dataDependencies.map(job.input));
      await job.output(outputOf(job), `(${inputs.join(",")})`);
      return OK;
    },
  });
  const { session, id, output } = await submitOne(grid());
  await vi.waitFor(async () => expect((await grid().result(output)).text).toBe("((),())"));
  await reaches(grid(), id, TaskStatus.COMPLETED);
  const children = (await tasksOf(session)).filter(({ createdBy }) => createdBy === id);
  expect(children).toHaveLength(3);
  for (const child of children) {
    expect(child.parentTaskIds).toEqual([session, id]);
    expect(child.options.maxRetries).toBe(2);
  }
});

it("stores large outputs and large inline data", async () => {
  const large = "x".repeat(1_000_000);
  let made = "";
  await using _pair = await openPair(grid(), {
    behaviour: async (job) => {
      const { communicationToken, sessionId } = job.request;
      await job.output(outputOf(job), large);
      const { results } = await job.agent.createResults({
        ...{ communicationToken, sessionId },
        results: [
          { name: "small", data: Buffer.from("s") },
          { name: "large", data: Buffer.from(large) },
        ],
      });
      made = results[1]?.resultId ?? "";
      return OK;
    },
  });
  const { id, output } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect((await grid().result(output)).text).toBe(large);
  expect((await grid().result(resultId(made))).text).toBe(large);
});

it("takes an announced result without a file for a failure of the attempt", async () => {
  await using _pair = await openPair(grid(), {
    behaviour: async (job) => {
      const { communicationToken, sessionId } = job.request;
      const ids = [{ sessionId, resultId: outputOf(job) }];
      await job.agent.notifyResultData({ communicationToken, ids });
      return OK;
    },
  });
  const { id, output } = await submitOne(grid(), { maxRetries: 1 });
  await reaches(grid(), id, TaskStatus.RETRIED);
  const last = await reaches(grid(), taskId(`${id}###1`), TaskStatus.ERROR);
  expect(errorOf(last)).toContain(
    `${output} was announced, but its file is not in the data folder`,
  );
  expect((await grid().result(output)).status).toBe(ResultStatus.ABORTED);
});

it("does not wait for a writer of an output that is no file", async () => {
  let calls = 0;
  await using _pair = await openPair(grid(), {
    behaviour: async (job) => {
      calls += 1;
      if (calls > 1) return OK;
      const { communicationToken, sessionId, dataFolder } = job.request;
      execFileSync("mkfifo", [join(dataFolder, outputOf(job))]);
      const ids = [{ sessionId, resultId: outputOf(job) }];
      await job.agent.notifyResultData({ communicationToken, ids });
      return OK;
    },
  });
  const { id } = await submitOne(grid());
  expect(errorOf(await reaches(grid(), id, TaskStatus.RETRIED))).toContain("is not a file");
});

it("does not follow a link out of the data folder", async () => {
  const secret = join(grid().folder, "secret");
  await writeFile(secret, "secret");
  const { symlink } = await import("node:fs/promises");
  await using _pair = await openPair(grid(), {
    behaviour: async (job) => {
      const { communicationToken, sessionId, dataFolder } = job.request;
      await symlink(secret, join(dataFolder, outputOf(job)));
      const ids = [{ sessionId, resultId: outputOf(job) }];
      await job.agent.notifyResultData({ communicationToken, ids });
      return OK;
    },
  });
  const { id } = await submitOne(grid(), { maxRetries: 0 });
  expect(errorOf(await reaches(grid(), id, TaskStatus.ERROR))).toContain(
    "Outputs could not be read",
  );
});

it("commits a task with more children than one slice holds", async () => {
  const count = 1_200;
  let root = true;
  await using _pair = await openPair(grid(), {
    settings: { prefetch: 32 },
    behaviour: async (job) => {
      if (!root) return OK;
      root = false;
      const { communicationToken, sessionId, payloadId } = job.request;
      const taskCreations = Array.from({ length: count }, () => ({ payloadId }));
      await job.agent.submitTasks({ communicationToken, sessionId, taskCreations });
      return OK;
    },
  });
  const { session, id } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.COMPLETED);
  await vi.waitFor(
    async () => {
      const done = (await tasksOf(session)).filter(({ status }) => status === TaskStatus.COMPLETED);
      expect(done).toHaveLength(count + 1);
    },
    { timeout: 60_000, interval: 100 },
  );
});

it("completes other results that the session knows", async () => {
  const session = await grid().newSession();
  const [payload, other] = await grid().newResults(session, ["p", undefined]);
  await using _pair = await openPair(grid(), {
    behaviour: async (job) => {
      await job.output(other, "by another");
      return OK;
    },
  });
  const [id] = await grid().submit(session, [{ payloadId: payload as ResultId }]);
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect((await grid().result(other)).text).toBe("by another");
});
