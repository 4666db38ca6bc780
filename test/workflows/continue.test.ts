import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { SessionStatus } from "../../src/domain/status.ts";
import { sessionWorkflowId } from "../../src/workflows/contracts.ts";
import {
  type Orchestration,
  openOrchestration,
  startSession,
  stateOf,
  submit,
} from "../support/orchestration.ts";
import { OK, openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { openTestTemporal, type TestTemporal } from "../support/temporal-server.ts";

const PATIENCE = { timeout: 25_000, interval: 20 };

let temporal: TestTemporal;
let stores: TestStores;
let grid: Orchestration;
const resources = new AsyncDisposableStack();

beforeAll(async () => {
  temporal = resources.use(
    // A long history, as far as the server is concerned.
    await openTestTemporal({ "limit.historyCount.suggestContinueAsNew": 40 }),
  );
  stores = resources.use(await openStores());
  grid = resources.use(await openOrchestration(stores, temporal));
}, 60_000);
afterAll(() => resources.disposeAsync());

const runIdOf = async (id: SessionId) =>
  (await temporal.client.workflow.getHandle(sessionWorkflowId(id)).describe()).runId;

/** Submits single tasks until the session's workflow has gone on in a new run. */
async function fillHistory(id: SessionId): Promise<number> {
  const first = await runIdOf(id);
  let count = 0;
  while ((await runIdOf(id)) === first) {
    await submit(stores, id, [{}], count++);
    grid.announcer.submitted(id);
    await sleep(50);
  }
  return count;
}

describe("a long session", () => {
  it("goes on in a new run, which takes over open batches and counters", async () => {
    const finish = Promise.withResolvers<void>();
    const id = await startSession(stores, grid);
    const held = await submit(stores, id, [{}]);
    grid.announcer.submitted(id);
    await using _agent = await openStandInAgent(stores, {
      run: async ({ taskId }) => {
        if (held.includes(taskId)) await finish.promise;
        return OK;
      },
    });
    const count = await fillHistory(id);
    await vi.waitFor(async () => {
      expect(await stateOf(temporal, id)).toMatchObject({ completed: count, open: [1] });
    }, PATIENCE);
    finish.resolve();
    await vi.waitFor(async () => {
      expect(await stateOf(temporal, id)).toMatchObject({
        tasks: count + 1,
        completed: count + 1,
        failed: 0,
        open: [],
      });
    }, PATIENCE);
  });

  it("obeys a verb that arrives while it hands over", async () => {
    await using _agent = await openStandInAgent(stores, { run: async () => "held" });
    const id = await startSession(stores, grid);
    const first = await runIdOf(id);
    let ended = false;
    // Verbs all the while: some of them meet the second in which open batches are drained.
    const verbs = (async () => {
      while (!ended) {
        await grid.workflows.control(id, "pause");
        await grid.workflows.control(id, "resume");
      }
    })();
    await submit(stores, id, [{}, {}]);
    grid.announcer.submitted(id);
    await vi.waitFor(async () => expect(await runIdOf(id)).not.toBe(first), PATIENCE);
    ended = true;
    await verbs;
    await grid.workflows.control(id, "cancel");
    expect((await stores.tables.sessions.get(id))?.status).toBe(SessionStatus.CANCELLED);
  });
});
