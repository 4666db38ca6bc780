import { expect, it, vi } from "vitest";
import { TaskStatus } from "../../src/domain/status.ts";
import { sessionWorkflowId } from "../../src/workflows/contracts.ts";
import { drift } from "../support/drift.ts";
import { openOrchestration, startSession, submit } from "../support/orchestration.ts";
import { PATIENCE } from "../support/scene.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores } from "../support/stores.ts";
import { openTestTemporal } from "../support/temporal-server.ts";

it("SC1: a session ends with the totals of its tasks, though its counts were wrong", async () => {
  await using stores = await openStores();
  await using temporal = await openTestTemporal();
  const counts = { ...stores.tables.counts, exact: { byStatus: false, progress: false } };
  const inexact = { ...stores, tables: { ...stores.tables, counts } };
  await using grid = await openOrchestration(inexact, temporal);
  await using _agent = await openStandInAgent(stores);
  const id = await startSession(inexact, grid);
  const tasks = await submit(stores, id, [{}, {}, {}]);
  await vi.waitFor(async () => {
    const statuses = (await stores.tables.tasks.get(tasks)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([TaskStatus.COMPLETED]));
  }, PATIENCE);
  drift(stores.path, id, "UPDATE task_counts SET count = count + 40 WHERE session_id = ?");
  await grid.workflows.control(id, "close");
  const handle = temporal.client.workflow.getHandle(sessionWorkflowId(id));
  expect(await handle.result()).toMatchObject({ completed: 3, failed: 0 });
});
