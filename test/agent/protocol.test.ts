// What a worker gets and may rely on, and when it is left alone.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { ServerError, Status } from "nice-grpc";
import { expect, it, vi } from "vitest";
import { sessionId, taskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { ProcessRequest } from "../../src/gen/worker_common.ts";
import { HealthCheckReply_ServingStatus as Serving } from "../../src/gen/worker_common.ts";
import { cancelTasks } from "../../src/lifecycle/cancel.ts";
import { PARTITION } from "./grid.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { OK, openTestWorker } from "./worker.ts";

const grid = freshGrid();

const queueIsEmpty = () =>
  vi.waitFor(async () =>
    expect(await grid().stores.queue.depth(PARTITION)).toEqual({ waiting: 0 }),
  );

it("tells the worker all about its task, with the inputs as files and nothing else", async () => {
  let request: ProcessRequest | undefined;
  const files = new Map<string, string>();
  await using _pair = await openPair(grid(), {
    settings: { dataChunkMaxBytes: 12_345 },
    behaviour: async (job) => {
      request = job.request;
      const { dataFolder } = job.request;
      for (const name of readdirSync(dataFolder))
        files.set(name, readFileSync(join(dataFolder, name), "utf8"));
      return OK;
    },
  });
  const session = await grid().newSession();
  const [payload, one, two, output] = await grid().newResults(session, ["p", "1", "", undefined]);
  const options = { options: { key: "value" }, priority: 7, maxDurationMs: 90_500 };
  const [id] = await grid().submit(session, [
    { payloadId: payload, inputs: [one, two], outputs: [output], options },
  ]);
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(request).toMatchObject({
    ...{ sessionId: session, taskId: id, payloadId: payload },
    ...{ dataDependencies: [one, two], expectedOutputKeys: [output] },
    communicationToken: expect.stringMatching(/^.{20,}$/),
    configuration: { dataChunkMaxSize: 12_345 },
    taskOptions: {
      ...{ options: { key: "value" }, priority: 7, maxRetries: 2, partitionId: PARTITION },
      maxDuration: { seconds: 90, nanos: 500_000_000 },
    },
  });
  expect(isAbsolute(request?.dataFolder ?? "")).toBe(true);
  expect(Object.fromEntries(files)).toEqual({ [payload]: "p", [one]: "1", [two]: "" });
  await vi.waitFor(() => expect(existsSync(request?.dataFolder ?? "")).toBe(false));
});

it("gives each attempt a folder and a token of its own", async () => {
  const seen: { dataFolder: string; communicationToken: string; files: number }[] = [];
  await using _pair = await openPair(grid(), {
    behaviour: async ({ request: { dataFolder, communicationToken } }) => {
      seen.push({ dataFolder, communicationToken, files: readdirSync(dataFolder).length });
      if (seen.length === 2) return OK;
      await writeFile(join(dataFolder, "left-behind"), "half an output");
      throw new ServerError(Status.INTERNAL, "boom");
    },
  });
  const { id } = await submitOne(grid());
  await reaches(grid(), taskId(`${id}###1`), TaskStatus.COMPLETED);
  const [first, second] = seen;
  expect(second?.files).toBe(1);
  expect(second?.dataFolder).not.toBe(first?.dataFolder);
  expect(second?.communicationToken).not.toBe(first?.communicationToken);
});

it("gives the worker one task at a time", async () => {
  let running = 0;
  let most = 0;
  await using _pair = await openPair(grid(), {
    behaviour: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return OK;
    },
  });
  const session = await grid().newSession();
  const [payload] = await grid().newResults(session, ["p"]);
  const tasks = Array.from({ length: 40 }, () => ({ payloadId: payload }));
  const ids = await grid().submit(session, tasks);
  for (const id of ids) await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(most).toBe(1);
});

it("takes nothing before the worker serves", async () => {
  await using pair = await openPair(grid(), {
    behaviour: async () => OK,
    health: async () => Serving.NOT_SERVING,
  });
  const { id } = await submitOne(grid());
  await vi.waitFor(() => expect(pair.worker.healthChecks).toBeGreaterThan(1));
  expect((await grid().task(id)).status).toBe(TaskStatus.SUBMITTED);
  pair.worker.health = async () => Serving.SERVING;
  await reaches(grid(), id, TaskStatus.COMPLETED);
});

it("waits for the worker's health after a call that was cancelled", async () => {
  const stuck = gate();
  const order: string[] = [];
  await using pair = await openPair(grid(), {
    settings: { heartbeatMs: 20 },
    behaviour: async ({ request }) => {
      order.push(request.taskId);
      // Like the Python worker, it does not hear of its cancellation.
      if (order.length === 1) await stuck.promise;
      return OK;
    },
  });
  const first = await submitOne(grid());
  await reaches(grid(), first.id, TaskStatus.PROCESSING);
  pair.worker.health = async () => Serving.NOT_SERVING;
  const before = pair.worker.healthChecks;
  await cancelTasks(grid().stores, [first.id], "enough");
  const second = await submitOne(grid());
  await vi.waitFor(() => expect(pair.worker.healthChecks).toBeGreaterThan(before + 2));
  expect(order).toEqual([first.id]);
  pair.worker.health = async () => Serving.SERVING;
  stuck.resolve();
  await reaches(grid(), second.id, TaskStatus.COMPLETED);
  expect((await grid().task(first.id)).status).toBe(TaskStatus.CANCELLED);
});

it("gives tasks to another agent while its own worker is ill, without using a retry", async () => {
  const running = gate();
  const end = gate();
  await using ill = await openPair(grid(), {
    settings: { holdMs: 200 },
    behaviour: async () => {
      running.resolve();
      await end.promise;
      throw new ServerError(Status.INTERNAL, "ill");
    },
  });
  const first = await submitOne(grid(), { maxRetries: 0 });
  await running.promise;
  const second = await submitOne(grid(), { maxRetries: 0 });
  await reaches(grid(), second.id, TaskStatus.DISPATCHED);
  ill.worker.health = async () => Serving.NOT_SERVING;
  end.resolve();
  await reaches(grid(), first.id, TaskStatus.ERROR);
  await using well = await openPair(grid(), { behaviour: async () => OK });
  const task = await reaches(grid(), second.id, TaskStatus.COMPLETED);
  expect(task).toMatchObject({ ownerAgentId: well.agentId, attempt: 2 });
});

it("drops messages of tasks that cannot be run", async () => {
  const ran: string[] = [];
  await using _pair = await openPair(grid(), {
    behaviour: async ({ request }) => {
      ran.push(request.taskId);
      return OK;
    },
  });
  const done = await submitOne(grid());
  await reaches(grid(), done.id, TaskStatus.COMPLETED);
  const [payload, missing] = await grid().newResults(done.session, ["p", undefined]);
  const [waits] = await grid().submit(done.session, [{ payloadId: payload, inputs: [missing] }]);
  const message = (session: string, task: string) => ({
    ...{ sessionId: sessionId(session), taskId: taskId(task), partitionId: PARTITION, priority: 1 },
  });
  await grid().stores.queue.publish([
    message(done.session, done.id),
    message(done.session, waits),
    message(done.session, "unknown"),
    message("unknown", "unknown too"),
  ]);
  await queueIsEmpty();
  expect(ran).toEqual([done.id]);
  expect((await grid().task(waits)).status).toBe(TaskStatus.PENDING);
});

it("repeats the token in the reply to a submission, and in no other", async () => {
  const replies: Record<string, string> = {};
  let once = true;
  await using _pair = await openPair(grid(), {
    behaviour: async ({ agent, request }) => {
      if (!once) return OK;
      once = false;
      const { communicationToken, payloadId } = request;
      const results = [{ name: "r", data: Buffer.from("d") }];
      const metaData = await agent.createResultsMetaData({ communicationToken, results });
      const created = await agent.createResults({ communicationToken, results });
      const taskCreations = [{ payloadId }];
      const submitted = await agent.submitTasks({ communicationToken, taskCreations });
      replies["metaData"] = metaData.communicationToken;
      replies["created"] = created.communicationToken;
      replies["submitted"] = submitted.communicationToken.replace(communicationToken, "token");
      return OK;
    },
  });
  const { id } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(replies).toEqual({ metaData: "", created: "", submitted: "token" });
});

it("looks for its worker again while there is nothing to do", async () => {
  await using pair = await openPair(grid(), { behaviour: async () => OK });
  const workerSocket = join(dirname(pair.agentSocket), "w.sock");
  const first = await submitOne(grid());
  await reaches(grid(), first.id, TaskStatus.COMPLETED);
  await pair.worker[Symbol.asyncDispose]();
  rmSync(workerSocket, { force: true });
  // Nothing comes of it but a look at the worker, which is away.
  const ids = { sessionId: first.session, taskId: first.id };
  await grid().stores.queue.publish([{ ...ids, partitionId: PARTITION, priority: 1 }]);
  await queueIsEmpty();
  await vi.waitFor(() => {
    expect(pair.lines.some(({ msg }) => msg === "worker does not serve yet")).toBe(true);
  }, 10_000);
  await using _worker = await openTestWorker(
    { agentSocket: pair.agentSocket, workerSocket },
    async () => OK,
  );
  const second = await submitOne(grid());
  await reaches(grid(), second.id, TaskStatus.COMPLETED);
});
