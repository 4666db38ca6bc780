import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createChannel, createClient, Status } from "nice-grpc";
import { expect, it } from "vitest";
import { TaskStatus } from "../../src/domain/status.ts";
import { type AgentClient, AgentDefinition } from "../../src/gen/agent_service.ts";
import { openPair, type Pair } from "./pair.ts";
import { freshGrid, reaches, submitOne } from "./scene.ts";
import { type Job, OK } from "./worker.ts";

const grid = freshGrid();

const refusal = async (call: Promise<unknown>): Promise<{ code: string; details: string }> => {
  try {
    await call;
  } catch (error) {
    const { code, details } = error as { code: Status; details: string };
    return { code: Status[code], details };
  }
  throw new Error("it was not refused");
};

/** Runs one task whose worker does this; rejects with what it threw. */
async function during(work: (job: Job) => Promise<unknown>, openSession = true): Promise<Pair> {
  let outcome: Promise<unknown> | undefined;
  const pair = await openPair(grid(), {
    behaviour: async (job) => {
      outcome = work(job);
      await outcome.catch(() => {});
      return OK;
    },
  });
  const session = await grid().newSession();
  if (!openSession) {
    await grid().stores.tables.sessions.change(session, [1], { workerSubmission: false });
  }
  const { id } = await submitOne(grid(), {}, session);
  await reaches(grid(), id, TaskStatus.COMPLETED);
  await outcome;
  return pair;
}

it("answers only to the token of the running task", async () => {
  let token = "";
  let client: AgentClient | undefined;
  await using _pair = await during(async ({ agent, request }) => {
    token = request.communicationToken;
    client = agent;
    expect(await refusal(agent.createResults({ communicationToken: "" }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(await refusal(agent.createResults({ communicationToken: "wrong" }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(await agent.createResults({ communicationToken: token })).toMatchObject({ results: [] });
  });
  // The token dies with its task.
  const late = refusal(client?.createResults({ communicationToken: token }) ?? Promise.resolve());
  expect(await late).toMatchObject({ code: "UNAVAILABLE" });
});

it("says by name what no version of ArmoniK implements", async () => {
  await using _pair = await during(async ({ agent, request }) => {
    const { communicationToken } = request;
    const requests = (async function* () {})();
    const stream = await refusal(agent.createTask(requests));
    expect(stream).toMatchObject({
      code: "UNIMPLEMENTED",
      details: expect.stringContaining("Agent/CreateTask"),
    });
    for (const call of [agent.getCommonData, agent.getDirectData]) {
      expect((await refusal(call({ communicationToken }))).code).toBe("UNIMPLEMENTED");
    }
  });
});

it("puts the data of any completed result into the data folder", async () => {
  const session = await grid().newSession();
  const [known, empty] = await grid().newResults(session, ["known", undefined]);
  await using _pair = await during(async ({ agent, request }) => {
    const { communicationToken, dataFolder } = request;
    const get = (resultId: string) => agent.getResourceData({ communicationToken, resultId });
    expect(await get(known)).toEqual({ resultId: known });
    expect(await readFile(join(dataFolder, known), "utf8")).toBe("known");
    for (const id of [empty, "unknown", "../escape", "", ".."]) {
      expect((await refusal(get(id))).code).toBe("NOT_FOUND");
    }
  });
});

it("refuses to announce what cannot be a result of the session", async () => {
  const foreign = await grid().newSession();
  const [other] = await grid().newResults(foreign, [undefined]);
  await using _pair = await during(async ({ agent, request }) => {
    const { communicationToken, sessionId } = request;
    const notify = (resultId: string) =>
      agent.notifyResultData({ communicationToken, ids: [{ sessionId, resultId }] });
    expect((await refusal(notify("unknown"))).code).toBe("NOT_FOUND");
    expect((await refusal(notify(other))).code).toBe("NOT_FOUND");
    expect((await refusal(notify("../../etc/passwd"))).code).toBe("INVALID_ARGUMENT");
  });
});

it("answers an empty submission with an empty reply", async () => {
  await using _pair = await during(async ({ agent, request }) => {
    const { communicationToken } = request;
    expect(await agent.submitTasks({ communicationToken })).toEqual({
      ...{ taskInfos: [], communicationToken },
    });
  });
});

it("refuses subtasks that a client could not submit either", async () => {
  await using _pair = await during(async ({ agent, request }) => {
    const { communicationToken, payloadId, expectedOutputKeys } = request;
    const options = {
      ...{ maxRetries: 1, priority: 1, partitionId: "", applicationName: "" },
    };
    const submit = (creation: object, taskOptions: object = {}) =>
      refusal(
        agent.submitTasks({
          ...{ communicationToken, taskOptions: { ...options, ...taskOptions } },
          taskCreations: [{ payloadId, ...creation }],
        }),
      );
    expect((await submit({}, { partitionId: "elsewhere" })).code).toBe("FAILED_PRECONDITION");
    expect((await submit({}, { priority: 100 })).code).toBe("INVALID_ARGUMENT");
    expect((await submit({ payloadId: "" })).code).toBe("INVALID_ARGUMENT");
    expect((await submit({ payloadId: "unknown" })).code).toBe("NOT_FOUND");
    expect((await submit({ dataDependencies: ["unknown"] })).code).toBe("NOT_FOUND");
    expect((await submit({ expectedOutputKeys: ["unknown"] })).code).toBe("NOT_FOUND");
    expect((await submit({ expectedOutputKeys: [payloadId] })).code).toBe("FAILED_PRECONDITION");
    const own = { expectedOutputKeys, dataDependencies: expectedOutputKeys };
    expect((await submit(own)).code).toBe("INVALID_ARGUMENT");
  });
});

it("takes no subtasks when the session is closed to workers", async () => {
  await using _pair = await during(async ({ agent, request }) => {
    const { communicationToken, payloadId } = request;
    const taskCreations = [{ payloadId }];
    const refused = await refusal(agent.submitTasks({ communicationToken, taskCreations }));
    expect(refused.code).toBe("FAILED_PRECONDITION");
  }, false);
});

it("merges the options of subtasks over those of the request over the session's", async () => {
  let created: string[] = [];
  await using _pair = await during(async ({ agent, request }) => {
    const { communicationToken, payloadId, taskOptions } = request;
    const layer = { ...taskOptions, maxRetries: 0, priority: 0 };
    const { taskInfos } = await agent.submitTasks({
      communicationToken,
      taskOptions: { ...layer, priority: 7, options: { a: "request", b: "request" } },
      taskCreations: [
        { payloadId },
        { payloadId, taskOptions: { ...layer, maxRetries: 5, options: { a: "task" } } },
      ],
    });
    created = taskInfos.map(({ taskId }) => taskId);
  });
  const [plain, own] = await Promise.all(
    created.map((id) => reaches(grid(), id as never, TaskStatus.COMPLETED)),
  );
  expect(plain?.options).toMatchObject({ priority: 7, maxRetries: 2 });
  expect(own?.options).toMatchObject({
    ...{ priority: 7, maxRetries: 5, options: { a: "task", b: "request" } },
  });
});

it("answers UNAVAILABLE while no task runs", async () => {
  await using pair = await openPair(grid(), { behaviour: async () => OK });
  const channel = createChannel(`unix://${pair.agentSocket}`);
  const client = createClient(AgentDefinition, channel);
  const answer = await refusal(client.createResults({ communicationToken: "any" }));
  expect(answer).toMatchObject({ code: "UNAVAILABLE" });
  channel.close();
});

it("names what a worker creates by ids that grow, as stores like them", async () => {
  const ids: string[] = [];
  await using _pair = await during(async ({ agent, request }) => {
    if (ids.length > 0) return;
    const { communicationToken, payloadId } = request;
    const results = [{ name: "a" }, { name: "b" }];
    const created = await agent.createResultsMetaData({ communicationToken, results });
    const withData = await agent.createResults({ communicationToken, results });
    const taskCreations = [{ payloadId }, { payloadId }];
    const { taskInfos } = await agent.submitTasks({ communicationToken, taskCreations });
    ids.push(...[...created.results, ...withData.results].map(({ resultId }) => resultId));
    ids.push(...taskInfos.map(({ taskId }) => taskId));
  });
  expect(new Set(ids).size).toBe(6);
  expect(ids.toSorted()).toEqual(ids);
});
