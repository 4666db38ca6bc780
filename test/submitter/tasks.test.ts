import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sessionId as toSessionId } from "../../src/domain/ids.ts";
import { OPTIONS, type OpenGrid, OTHER_PARTITION, openGrid } from "./open-grid.ts";
import { refusalOf } from "./refusal.ts";
import { newPayload, newResults, newSession, submit } from "./steps.ts";

const ABORTED = 3;
const SUBMITTED = 2;
const CANCELLED = 8;
const ERROR = 5;
const PENDING = 12;
const PAUSED = 13;

describe("tasks", () => {
  let grid: OpenGrid;
  let sessionId: string;
  let payloadId: string;
  beforeAll(async () => {
    grid = await openGrid();
    sessionId = await newSession(grid, ["default", OTHER_PARTITION]);
    payloadId = await newPayload(grid, sessionId);
  });
  afterAll(() => grid[Symbol.asyncDispose]());

  const taskOf = async (taskId = "") => (await grid.tasks.getTask({ taskId })).task;
  const countIn = (session: string) =>
    grid.tasks.countTasksByStatus({
      filters: {
        or: [
          {
            and: [
              {
                field: { field: { $case: "taskSummaryField", value: { field: 1 } } },
                valueCondition: { $case: "filterString", value: { value: session, operator: 0 } },
              },
            ],
          },
        ],
      },
    });

  describe("submission", () => {
    it("answers in the order of the request and dispatches what is ready", async () => {
      const [a = "", b = "", dep = ""] = await newResults(grid, sessionId, ["a", "b", "dep"]);
      const { taskInfos } = await grid.tasks.submitTasks({
        sessionId,
        taskCreations: [
          { payloadId, expectedOutputKeys: [a] },
          { payloadId, expectedOutputKeys: [b], dataDependencies: [a, dep] },
          { payloadId: dep },
        ],
      });
      expect(taskInfos.map(({ taskId, ...rest }) => [typeof taskId, rest])).toEqual([
        ["string", { payloadId, expectedOutputIds: [a], dataDependencies: [] }],
        ["string", { payloadId, expectedOutputIds: [b], dataDependencies: [a, dep] }],
        ["string", { payloadId: dep, expectedOutputIds: [], dataDependencies: [] }],
      ]);
      const tasks = await Promise.all(taskInfos.map(({ taskId }) => taskOf(taskId)));
      expect(tasks.map((task) => task?.status)).toEqual([SUBMITTED, PENDING, PENDING]);
      expect(tasks[1]).toMatchObject({
        sessionId,
        payloadId,
        parentTaskIds: [sessionId],
        initialTaskId: taskInfos[1]?.taskId,
        createdBy: "",
        retryOfIds: [],
        output: { success: true, error: "" },
      });
      const { result } = await grid.results.getResult({ resultId: a });
      expect(result?.ownerTaskId).toBe(taskInfos[0]?.taskId);
    });

    it("takes repeated dependencies, and the payload among them, for one", async () => {
      const [dep = ""] = await newResults(grid, sessionId, ["dep"]);
      const dataDependencies = [dep, payloadId, dep];
      const [id] = await submit(grid, sessionId, [{ payloadId, dataDependencies }]);
      expect(await taskOf(id)).toMatchObject({
        status: PENDING,
        dataDependencies: [dep, payloadId],
      });
    });

    it("merges options: task over request over session", async () => {
      const own = { ...OPTIONS, priority: 0, maxRetries: 7, options: { a: "task" } };
      const { taskInfos } = await grid.tasks.submitTasks({
        sessionId,
        taskOptions: { ...OPTIONS, priority: 42, options: { a: "request", b: "request" } },
        taskCreations: [{ payloadId }, { payloadId, taskOptions: own }],
      });
      const [first, second] = await Promise.all(taskInfos.map(({ taskId }) => taskOf(taskId)));
      expect(first?.options).toMatchObject({ priority: 42, maxRetries: 2 });
      expect(second?.options).toMatchObject({
        priority: 42,
        maxRetries: 7,
        options: { a: "task", b: "request" },
      });
    });

    it("sends each task to its own partition", async () => {
      const taskOptions = { ...OPTIONS, partitionId: OTHER_PARTITION };
      const [id] = await submit(grid, sessionId, [{ payloadId, taskOptions }]);
      expect((await taskOf(id))?.options?.partitionId).toBe(OTHER_PARTITION);
      const { queue } = grid.stores;
      expect(await queue.depth(OTHER_PARTITION as never)).toEqual({ waiting: 1 });
    });

    it("says which layer of the options named a partition that the session has not", async () => {
      const defaultTaskOption = { ...OPTIONS, partitionId: OTHER_PARTITION };
      const session = await grid.sessions.createSession({ defaultTaskOption });
      const payload = await newPayload(grid, session.sessionId);
      const refused = async (taskOptions?: typeof OPTIONS) => {
        const taskCreations = [
          { payloadId: payload, taskOptions: { ...OPTIONS, partitionId: "" } },
        ];
        const { sessionId: id } = session;
        return refusalOf(grid.tasks.submitTasks({ sessionId: id, taskOptions, taskCreations }));
      };
      const words = `partition_id: is "other"; session ${session.sessionId} has default`;
      expect((await refused()).details).toContain(`: the session's default_task_option.${words}`);
      expect((await refused(defaultTaskOption)).details).toContain(`: task_options.${words}`);
      expect((await refused()).status).toBe("FAILED_PRECONDITION");
    });

    it("leaves an output to the task that named it first", async () => {
      const [output = ""] = await newResults(grid, sessionId, ["output"]);
      const creation = { payloadId, expectedOutputKeys: [output] };
      const [first] = await submit(grid, sessionId, [creation]);
      await submit(grid, sessionId, [creation]);
      const { result } = await grid.results.getResult({ resultId: output });
      expect(result?.ownerTaskId).toBe(first);
    });

    it("writes nothing at all when one of many tasks is wrong", async () => {
      const session = await newSession(grid);
      const payload = await newPayload(grid, session);
      const [output = ""] = await newResults(grid, session, ["output"]);
      const good = Array.from({ length: 50 }, () => ({
        payloadId: payload,
        expectedOutputKeys: [output],
      }));
      const refusal = await refusalOf(submit(grid, session, [...good, { payloadId: "nope" }]));
      expect(refusal.details).toContain("task_creations[50].payload_id");
      expect(await countIn(session)).toEqual({ status: [] });
      expect((await grid.results.getResult({ resultId: output })).result?.ownerTaskId).toBe("");
      expect(await grid.stores.tables.batches.taskCount(toSessionId(session))).toBe(0);
    });

    it("stores tasks of a paused session and dispatches none", async () => {
      const session = await newSession(grid);
      const payload = await newPayload(grid, session);
      await grid.sessions.pauseSession({ sessionId: session });
      await submit(grid, session, [{ payloadId: payload }]);
      expect(await countIn(session)).toEqual({ status: [{ status: PAUSED, count: 1 }] });
    });

    it("counts what it took, by partition", async () => {
      const session = await newSession(grid);
      const payload = await newPayload(grid, session);
      const counted = async () => {
        const { values } = await grid.metrics.tasksSubmitted.get();
        return values.find(({ labels }) => labels.partition === "default")?.value ?? 0;
      };
      const before = await counted();
      await submit(grid, session, [{ payloadId: payload }, { payloadId: payload }]);
      expect(await counted()).toBe(before + 2);
    });

    it("takes 10,000 tasks in one call", async () => {
      const session = await newSession(grid);
      const payload = await newPayload(grid, session);
      const outputs = await newResults(
        grid,
        session,
        Array.from({ length: 10_000 }, (_, i) => `output ${i}`),
      );
      const creations = outputs.map((id) => ({ payloadId: payload, expectedOutputKeys: [id] }));
      const ids = await submit(grid, session, creations);
      expect(new Set(ids).size).toBe(10_000);
      const { status } = await countIn(session);
      const counts = Object.fromEntries(status.map((entry) => [entry.status, entry.count]));
      // No more than its share of the queue; the rest waits for supervision.
      expect(counts).toEqual({ [SUBMITTED]: 256, [PENDING]: 9_744 });
      const { result } = await grid.results.getResult({ resultId: outputs[9_999] ?? "" });
      expect(result?.ownerTaskId).toBe(ids[9_999]);
    });
  });

  describe("cancellation", () => {
    it("ends tasks, aborts their outputs and fails those that wait, and answers them", async () => {
      const [a = "", b = ""] = await newResults(grid, sessionId, ["a", "b"]);
      const [first = "", second] = await submit(grid, sessionId, [
        { payloadId, expectedOutputKeys: [a] },
        { payloadId, dataDependencies: [a], expectedOutputKeys: [b] },
      ]);
      const { tasks } = await grid.tasks.cancelTasks({ taskIds: [first, "nope", first] });
      expect(tasks.map(({ id, status }) => [id, status])).toEqual([[first, CANCELLED]]);
      expect(tasks[0]?.error).toBe("Cancelled by a client");
      const details = await taskOf(first);
      expect(details?.output).toEqual({ success: false, error: "Cancelled by a client" });
      expect(details?.endedAt).toBeDefined();
      expect(details?.processedAt).toBeUndefined();
      expect((await taskOf(second))?.status).toBe(ERROR);
      for (const resultId of [a, b])
        expect((await grid.results.getResult({ resultId })).result?.status).toBe(ABORTED);
    });

    it("leaves final tasks as they are, and takes an empty list for nothing to do", async () => {
      const [taskId = ""] = await submit(grid, sessionId, [{ payloadId }]);
      await grid.tasks.cancelTasks({ taskIds: [taskId] });
      const before = await taskOf(taskId);
      await grid.tasks.cancelTasks({ taskIds: [taskId] });
      expect(await taskOf(taskId)).toEqual(before);
      expect((await grid.tasks.cancelTasks({ taskIds: [] })).tasks).toEqual([]);
    });
  });

  describe("lists", () => {
    const sort = {
      direction: 1,
      field: { field: { $case: "taskSummaryField", value: { field: 16 } } },
    } as const;
    const byOption = (key: string, value: string) => ({
      or: [
        {
          and: [
            {
              field: { field: { $case: "taskOptionGenericField", value: { field: key } } } as const,
              valueCondition: { $case: "filterString", value: { value, operator: 0 } } as const,
            },
          ],
        },
      ],
    });

    it("answers summaries with counts, details with lists", async () => {
      const [output = "", dep = ""] = await newResults(grid, sessionId, ["output", "dep"]);
      const taskOptions = { ...OPTIONS, options: { colour: "green" } };
      const creation = { payloadId, expectedOutputKeys: [output], dataDependencies: [dep] };
      const [id] = await submit(grid, sessionId, [{ ...creation, taskOptions }]);
      const request = { page: 0, pageSize: 5, sort, filters: byOption("colour", "green") };
      const summaries = await grid.tasks.listTasks(request);
      expect(summaries).toMatchObject({ page: 0, pageSize: 5, total: 1 });
      expect(summaries.tasks[0]).toMatchObject({
        id,
        countDataDependencies: 1,
        countExpectedOutputIds: 1,
        countParentTaskIds: 1,
        countRetryOfIds: 0,
      });
      const details = await grid.tasks.listTasksDetailed(request);
      expect(details.tasks[0]).toMatchObject({
        id,
        dataDependencies: [dep],
        expectedOutputIds: [output],
        options: { options: { colour: "green" } },
      });
    });

    it("maps tasks to their outputs, leaving out unknown ones", async () => {
      const [output = ""] = await newResults(grid, sessionId, ["output"]);
      const [id = ""] = await submit(grid, sessionId, [
        { payloadId, expectedOutputKeys: [output] },
      ]);
      const { taskResults } = await grid.tasks.getResultIds({ taskId: [id, "nope", id] });
      expect(taskResults).toEqual([{ taskId: id, resultIds: [output] }]);
    });
  });
});
