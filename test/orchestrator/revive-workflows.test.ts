import { expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import { withDirectControl } from "../../src/lifecycle/direct-control.ts";
import { stateOf, submit } from "../support/orchestration.ts";
import { handleOf, openScene, PATIENCE, statusesOf, withTasks } from "../support/scene.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";

const { CANCELLED, COMPLETED, PAUSED } = TaskStatus;

const scene = openScene();

const isRunning = async (id: SessionId) => (await handleOf(scene, id).describe()).status.name;

it("a workflow that was terminated starts again and sees to all tasks, early and late ones", {
  timeout: 120_000,
}, async () => {
  const { id, tasks } = await withTasks(scene, 3);
  await handleOf(scene, id).terminate("by mistake");
  const later = await submit(scene.stores, id, [{}], 3);
  await vi.waitFor(async () => {
    expect(await isRunning(id)).toBe("RUNNING");
    expect(await stateOf(scene.temporal, id)).toMatchObject({
      upTo: 4,
      tasks: 4,
      open: [1, 2, 3, 4],
    });
  }, PATIENCE);
  await using _agent = await openStandInAgent(scene.stores);
  await vi.waitFor(async () => {
    expect(await stateOf(scene.temporal, id)).toMatchObject({ completed: 4, open: [] });
  }, PATIENCE);
  expect(new Set(await statusesOf(scene, [...tasks, ...later]))).toEqual(new Set([COMPLETED]));
});

it("a paused session stays paused, and resumes", { timeout: 120_000 }, async () => {
  const { id, tasks } = await withTasks(scene, 2);
  await scene.grid.workflows.control(id, "pause");
  await handleOf(scene, id).terminate("by mistake");
  await vi.waitFor(async () => expect(await isRunning(id)).toBe("RUNNING"), PATIENCE);
  await vi.waitFor(async () => {
    const known = { status: "Paused", upTo: 2, tasks: 2 };
    expect(await stateOf(scene.temporal, id)).toMatchObject(known);
  }, PATIENCE);
  expect(await statusesOf(scene, tasks)).toEqual([PAUSED, PAUSED]);
  await using _agent = await openStandInAgent(scene.stores);
  await scene.grid.workflows.control(id, "resume");
  await vi.waitFor(async () => {
    expect(await statusesOf(scene, tasks)).toEqual([COMPLETED, COMPLETED]);
  }, PATIENCE);
});

it("a session that is controlled right after gets its workflow at once", {
  timeout: 120_000,
}, async () => {
  const { id, tasks } = await withTasks(scene, 2);
  await handleOf(scene, id).terminate("by mistake");
  await withDirectControl(scene.grid.workflows, scene.stores).control(id, "cancel");
  expect((await scene.stores.tables.sessions.get(id))?.status).toBe(SessionStatus.CANCELLED);
  await vi.waitFor(async () => {
    expect(await statusesOf(scene, tasks)).toEqual([CANCELLED, CANCELLED]);
    expect(await isRunning(id)).toBe("COMPLETED");
  }, PATIENCE);
});

it("one that ended by itself is left alone", { timeout: 120_000 }, async () => {
  const { id } = await withTasks(scene, 1);
  await scene.grid.workflows.control(id, "cancel");
  const result = await handleOf(scene, id).result();
  await scene.grid.workflows.start((await scene.stores.tables.sessions.get(id)) as never);
  await scene.grid.workflows.batchesSubmitted(id, { upTo: 9, tasks: 9, names: {} });
  expect(await isRunning(id)).toBe("COMPLETED");
  expect(await handleOf(scene, id).result()).toEqual(result);
});
