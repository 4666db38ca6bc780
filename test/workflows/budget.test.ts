/** I7: what sessions of more than a thousand tasks may cost Temporal, whatever their shape. */

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { holderId, partitionId, type SessionId, stageOf } from "../../src/domain/ids.ts";
import { DEFAULT_SCHEDULING } from "../../src/domain/scheduling.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { Task } from "../../src/domain/task.ts";
import { batchSubtasks } from "../../src/lifecycle/subtasks.ts";
import type { Grid } from "../../src/submitter/grid.ts";
import { createBatching } from "../../src/submitter/submission/batching.ts";
import { submitTasks } from "../../src/submitter/tasks/submit.ts";
import { openHealth } from "../../src/telemetry/health.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { eventCount, startSession, stateOf, times } from "../support/orchestration.ts";
import { openScene } from "../support/scene.ts";
import { OK, openStandInAgent } from "../support/stand-in-agent.ts";

const LONG = 240_000;
const PATIENCE = { timeout: LONG, interval: 20 };
const PER_THOUSAND = 50;

const scene = openScene();
let submitter: Grid;
const resources = new AsyncDisposableStack();

beforeAll(() => {
  const log = createLogger({ level: "silent", role: "test" });
  submitter = {
    stores: scene.stores,
    workflows: scene.grid.workflows,
    announcer: scene.grid.announcer,
    creator: { id: holderId(randomUUID()), takeBack: async () => {} },
    newId: randomUUID,
    health: resources.use(openHealth({ checks: {}, log })),
    metrics: createMetrics(),
    settings: {
      defaultPartition: partitionId("default"),
      dataChunkMaxBytes: 65_536,
      versions: { core: "", api: "" },
    },
  };
});
afterAll(() => resources.disposeAsync());

/** What a client's calls do, one process' worth of them. */
function openClient(sessionId: SessionId, payloadId: string) {
  const batching = createBatching(submitter);
  const creation = { payloadId, dataDependencies: [], expectedOutputKeys: [], payloadName: "" };
  return async (count: number) => {
    const taskCreations = times(count, { ...creation, taskOptions: undefined });
    const request = { sessionId, taskOptions: undefined, taskCreations };
    const { taskInfos } = await submitTasks(submitter, batching, request);
    return taskInfos.map(({ taskId }) => taskId);
  };
}

async function openSession() {
  const id = await startSession(scene.stores, scene.grid);
  const payload = await scene.stores.newResult(id, { status: 2 });
  return { id, submit: openClient(id, payload) };
}

const allFinal = (id: SessionId, count: number) =>
  vi.waitFor(async () => {
    const counts = await scene.stores.tables.tasks.countByStatus([
      [{ kind: "string", field: "sessionId", operator: "equal", value: id }],
    ]);
    expect(counts).toEqual([{ status: TaskStatus.COMPLETED, count }]);
  }, PATIENCE);

/** Also: all that the workflow was told of has settled, and adds up. */
async function costOf(id: SessionId, tasks: number): Promise<number> {
  await allFinal(id, tasks);
  await vi.waitFor(async () => {
    expect(await stateOf(scene.temporal, id)).toMatchObject({ tasks, completed: tasks, open: [] });
  }, PATIENCE);
  return (await eventCount(scene.temporal, id)) / (tasks / 1_000);
}

describe("history events per 1,000 tasks", () => {
  it(
    "of 10,000 in calls of 1,000",
    async () => {
      const { id, submit } = await openSession();
      await using _agent = await openStandInAgent(scene.stores);
      for (let i = 0; i < 10; i++) await submit(1_000);
      expect(await costOf(id, 10_000)).toBeLessThanOrEqual(PER_THOUSAND / 2);
    },
    LONG,
  );

  it(
    "of 2,000 tasks that submit five more each",
    async () => {
      const { id, submit } = await openSession();
      const stageFive = async (parent: Task) => {
        const { sessionId, taskId, attempt, payloadId, parentTaskIds } = parent;
        if (parentTaskIds.length > 1) return OK;
        const subtasks = times(5, undefined).map(() => ({
          ...scene.stores.newTask(sessionId, { payloadId, createdBy: taskId }),
          parentTaskIds: [...parentTaskIds, taskId],
        }));
        const soFar = await scene.stores.tables.batches.taskCount(sessionId);
        const batched = batchSubtasks(parent, subtasks, {
          ...{ soFar, newId: randomUUID, singleTasks: DEFAULT_SCHEDULING.singleTasks },
        });
        await scene.stores.tables.tasks.create(batched, { stage: stageOf(taskId, attempt) });
        return { ...OK, staged: true };
      };
      await using _agent = await openStandInAgent(scene.stores, { run: stageFive });
      await submit(2_000);
      expect(await costOf(id, 12_000)).toBeLessThanOrEqual(PER_THOUSAND / 2);
    },
    LONG,
  );

  it(
    "of single tasks, each submitted when all before it are done",
    async () => {
      const { id, submit } = await openSession();
      await using _agent = await openStandInAgent(scene.stores);
      await submit(1_001);
      const calls = 500;
      for (let i = 0; i < calls; i++) {
        await submit(1);
        await allFinal(id, 1_001 + i + 1);
      }
      expect(await costOf(id, 1_001 + calls)).toBeLessThanOrEqual(PER_THOUSAND);
    },
    LONG,
  );

  it(
    "of calls of a hundred tasks, from the first on",
    async () => {
      const { id, submit } = await openSession();
      await using _agent = await openStandInAgent(scene.stores);
      for (let i = 0; i < 40; i++) {
        await submit(100);
        await allFinal(id, (i + 1) * 100);
      }
      expect(await costOf(id, 4_000)).toBeLessThanOrEqual(PER_THOUSAND);
    },
    LONG,
  );
});
