/** The current details of a session: where its work is, for a person who asks why a task does not run. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { sessionWorkflowId } from "../../src/workflows/contracts.ts";
import {
  type Orchestration,
  openOrchestration,
  startSession,
  submit,
} from "../support/orchestration.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { openTestTemporal, type TestTemporal } from "../support/temporal-server.ts";

const PATIENCE = { timeout: 40_000, interval: 50 };
const LONG = { timeout: 90_000 };

let temporal: TestTemporal;
let stores: TestStores;
let grid: Orchestration;
const resources = new AsyncDisposableStack();

beforeAll(async () => {
  temporal = resources.use(await openTestTemporal());
  stores = resources.use(await openStores());
  grid = resources.use(await openOrchestration(stores, temporal, { parkAfterMs: 300 }));
}, 60_000);
afterAll(() => resources.disposeAsync());

async function detailsOf(id: SessionId): Promise<string> {
  const handle = temporal.client.workflow.getHandle(sessionWorkflowId(id));
  const metadata = await handle.query<{ currentDetails: string }>("__temporal_workflow_metadata");
  return metadata.currentDetails;
}

it("names the tasks that wait for inputs which nobody has made", LONG, async () => {
  const id = await startSession(stores, grid);
  const missing = await stores.newResult(id);
  const [task] = await submit(stores, id, [{ dataDependencies: [missing] }]);
  grid.announcer.submitted(id);
  await vi.waitFor(async () => {
    const what = `1 batch waiting for inputs that are not there yet: ${task}`;
    expect(await detailsOf(id)).toContain(what);
  }, PATIENCE);
});

it("says what holds a paused session's tasks, and when nothing is left", LONG, async () => {
  const id = await startSession(stores, grid);
  await grid.workflows.control(id, "pause");
  await submit(stores, id, [{}, {}]);
  grid.announcer.submitted(id);
  await vi.waitFor(async () => {
    const held = "2 batches waiting until the session is resumed";
    expect(await detailsOf(id)).toContain(
      `**Paused**: 0 completed, 0 failed of 2 tasks\n\n${held}`,
    );
  }, PATIENCE);
  await using _agent = await openStandInAgent(stores);
  await grid.workflows.control(id, "resume");
  await vi.waitFor(async () => {
    expect(await detailsOf(id)).toBe(
      "**Running**: 2 completed, 0 failed of 2 tasks\n\nNo task is left to be done.",
    );
  }, PATIENCE);
});
