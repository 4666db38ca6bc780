/** The current details of a session: where its work is, for a person who asks why a task does not run. */
import { expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { sessionWorkflowId } from "../../src/workflows/contracts.ts";
import { startSession, submit } from "../support/orchestration.ts";
import { openScene, PATIENCE } from "../support/scene.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";

const LONG = { timeout: 90_000 };

const scene = openScene({ parkAfterMs: 300 });

async function detailsOf(id: SessionId): Promise<string> {
  const handle = scene.temporal.client.workflow.getHandle(sessionWorkflowId(id));
  const metadata = await handle.query<{ currentDetails: string }>("__temporal_workflow_metadata");
  return metadata.currentDetails;
}

it("names the tasks that wait for inputs which nobody has made", LONG, async () => {
  const id = await startSession(scene.stores, scene.grid);
  const missing = await scene.stores.newResult(id);
  const [task] = await submit(scene.stores, id, [{ dataDependencies: [missing] }]);
  scene.grid.announcer.submitted(id);
  await vi.waitFor(async () => {
    const what = `1 batch waiting for inputs that are not there yet: ${task}`;
    expect(await detailsOf(id)).toContain(what);
  }, PATIENCE);
});

it("says what holds a paused session's tasks, and when nothing is left", LONG, async () => {
  const id = await startSession(scene.stores, scene.grid);
  await scene.grid.workflows.control(id, "pause");
  await submit(scene.stores, id, [{}, {}]);
  scene.grid.announcer.submitted(id);
  await vi.waitFor(async () => {
    const held = "2 batches waiting until the session is resumed";
    expect(await detailsOf(id)).toContain(
      `**Paused**: 0 completed, 0 failed of 2 tasks\n\n${held}`,
    );
  }, PATIENCE);
  await using _agent = await openStandInAgent(scene.stores);
  await scene.grid.workflows.control(id, "resume");
  await vi.waitFor(async () => {
    expect(await detailsOf(id)).toBe(
      "**Running**: 2 completed, 0 failed of 2 tasks\n\nNo task is left to be done.",
    );
  }, PATIENCE);
});
