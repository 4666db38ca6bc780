import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { SessionStatus } from "../../src/domain/status.ts";
import { sessionWorkflowId } from "../../src/workflows/contracts.ts";
import { startSession, stateOf, submit } from "../support/orchestration.ts";
import { openScene, PATIENCE } from "../support/scene.ts";
import { OK, openStandInAgent } from "../support/stand-in-agent.ts";

// A long history, as far as the server is concerned.
const scene = openScene({}, { "limit.historyCount.suggestContinueAsNew": 40 });

const runIdOf = async (id: SessionId) =>
  (await scene.temporal.client.workflow.getHandle(sessionWorkflowId(id)).describe()).runId;

/** Submits single tasks until the session's workflow has gone on in a new run. */
async function fillHistory(id: SessionId): Promise<number> {
  const first = await runIdOf(id);
  let count = 0;
  while ((await runIdOf(id)) === first) {
    await submit(scene.stores, id, [{}], count++);
    scene.grid.announcer.submitted(id);
    await sleep(50);
  }
  return count;
}

describe("a long session", () => {
  it("goes on in a new run, which takes over open batches and counters", async () => {
    const finish = Promise.withResolvers<void>();
    const id = await startSession(scene.stores, scene.grid);
    const held = await submit(scene.stores, id, [{}]);
    scene.grid.announcer.submitted(id);
    await using _agent = await openStandInAgent(scene.stores, {
      run: async ({ taskId }) => {
        if (held.includes(taskId)) await finish.promise;
        return OK;
      },
    });
    const count = await fillHistory(id);
    await vi.waitFor(async () => {
      expect(await stateOf(scene.temporal, id)).toMatchObject({ completed: count, open: [1] });
    }, PATIENCE);
    finish.resolve();
    await vi.waitFor(async () => {
      expect(await stateOf(scene.temporal, id)).toMatchObject({
        tasks: count + 1,
        completed: count + 1,
        failed: 0,
        open: [],
      });
    }, PATIENCE);
  });

  it("obeys a verb that arrives while it hands over", async () => {
    await using _agent = await openStandInAgent(scene.stores, { run: async () => "held" });
    const id = await startSession(scene.stores, scene.grid);
    const first = await runIdOf(id);
    let ended = false;
    // Verbs all the while: some of them meet the second in which open batches are drained.
    const verbs = (async () => {
      while (!ended) {
        await scene.grid.workflows.control(id, "pause");
        await scene.grid.workflows.control(id, "resume");
      }
    })();
    await submit(scene.stores, id, [{}, {}]);
    scene.grid.announcer.submitted(id);
    await vi.waitFor(async () => expect(await runIdOf(id)).not.toBe(first), PATIENCE);
    ended = true;
    await verbs;
    await scene.grid.workflows.control(id, "cancel");
    expect((await scene.stores.tables.sessions.get(id))?.status).toBe(SessionStatus.CANCELLED);
  });
});
