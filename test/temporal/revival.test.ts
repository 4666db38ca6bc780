import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import { withDirectControl } from "../../src/temporal/direct-control.ts";
import { sessionWorkflowId } from "../../src/workflows/contracts.ts";
import {
  type Orchestration,
  openOrchestration,
  startSession,
  stateOf,
  submit,
  times,
} from "../support/orchestration.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { openTestTemporal, type TestTemporal } from "../support/temporal-server.ts";

const PATIENCE = { timeout: 45_000, interval: 50 };
const { CANCELLED, COMPLETED, PAUSED } = TaskStatus;

let temporal: TestTemporal;
let stores: TestStores;
let grid: Orchestration;
const resources = new AsyncDisposableStack();

beforeAll(async () => {
  temporal = resources.use(await openTestTemporal());
  stores = resources.use(await openStores());
  grid = resources.use(await openOrchestration(stores, temporal));
}, 60_000);
afterAll(() => resources.disposeAsync());

const handleOf = (id: SessionId) => temporal.client.workflow.getHandle(sessionWorkflowId(id));
const statusesOf = async (ids: Awaited<ReturnType<typeof submit>>) =>
  (await stores.tables.tasks.get(ids)).map(({ status }) => status);
const isRunning = async (id: SessionId) => (await handleOf(id).describe()).status.name;

async function withTasks(count: number) {
  const id = await startSession(stores, grid);
  const tasks = await submit(stores, id, times(count, {}));
  grid.announcer.submitted(id);
  await vi.waitFor(async () => expect((await stateOf(temporal, id)).tasks).toBe(count), PATIENCE);
  return { id, tasks };
}

it("a workflow that was terminated starts again and sees to all tasks, early and late ones", {
  timeout: 120_000,
}, async () => {
  const { id, tasks } = await withTasks(3);
  await handleOf(id).terminate("by mistake");
  const later = await submit(stores, id, [{}], 3);
  await vi.waitFor(async () => {
    expect(await isRunning(id)).toBe("RUNNING");
    expect(await stateOf(temporal, id)).toMatchObject({ upTo: 4, tasks: 4, open: [1, 2, 3, 4] });
  }, PATIENCE);
  await using _agent = await openStandInAgent(stores);
  await vi.waitFor(async () => {
    expect(await stateOf(temporal, id)).toMatchObject({ completed: 4, open: [] });
  }, PATIENCE);
  expect(new Set(await statusesOf([...tasks, ...later]))).toEqual(new Set([COMPLETED]));
});

it("a paused session stays paused, and resumes", { timeout: 120_000 }, async () => {
  const { id, tasks } = await withTasks(2);
  await grid.workflows.control(id, "pause");
  await handleOf(id).terminate("by mistake");
  await vi.waitFor(async () => expect(await isRunning(id)).toBe("RUNNING"), PATIENCE);
  await vi.waitFor(async () => {
    const known = { status: "Paused", upTo: 2, tasks: 2 };
    expect(await stateOf(temporal, id)).toMatchObject(known);
  }, PATIENCE);
  expect(await statusesOf(tasks)).toEqual([PAUSED, PAUSED]);
  await using _agent = await openStandInAgent(stores);
  await grid.workflows.control(id, "resume");
  await vi.waitFor(async () => {
    expect(await statusesOf(tasks)).toEqual([COMPLETED, COMPLETED]);
  }, PATIENCE);
});

it("a session that is controlled right after gets its workflow at once", {
  timeout: 120_000,
}, async () => {
  const { id, tasks } = await withTasks(2);
  await handleOf(id).terminate("by mistake");
  await withDirectControl(grid.workflows, stores).control(id, "cancel");
  expect((await stores.tables.sessions.get(id))?.status).toBe(SessionStatus.CANCELLED);
  await vi.waitFor(async () => {
    expect(await statusesOf(tasks)).toEqual([CANCELLED, CANCELLED]);
    expect(await isRunning(id)).toBe("COMPLETED");
  }, PATIENCE);
});

it("one that ended by itself is left alone", { timeout: 120_000 }, async () => {
  const { id } = await withTasks(1);
  await grid.workflows.control(id, "cancel");
  const result = await handleOf(id).result();
  await grid.workflows.start((await stores.tables.sessions.get(id)) as never);
  await grid.workflows.batchesSubmitted(id, { upTo: 9, tasks: 9, names: {} });
  expect(await isRunning(id)).toBe("COMPLETED");
  expect(await handleOf(id).result()).toEqual(result);
});
