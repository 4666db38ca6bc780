import { describe, expect, it, vi } from "vitest";
import { TaskStatus } from "../../src/domain/status.ts";
import {
  activitiesOf,
  eventCount,
  openOrchestration,
  signalCount,
  startSession,
  stateOf,
  submit,
  times,
} from "../support/orchestration.ts";
import { openScene, PATIENCE } from "../support/scene.ts";
import { OK, openStandInAgent } from "../support/stand-in-agent.ts";
import { OPTIONS, openStores } from "../support/stores.ts";
import { openTestTemporal } from "../support/temporal-server.ts";

const scene = openScene();

describe("a small session", () => {
  it("has one activity per task, named by it, and red with the task's error when it fails", async () => {
    const bad = { options: { ...OPTIONS, applicationName: "bad" } };
    await using _agent = await openStandInAgent(scene.stores, {
      run: async (task) =>
        task.options.applicationName === "bad" ? { outcome: "error", error: "no luck today" } : OK,
    });
    const id = await startSession(scene.stores, scene.grid);
    const [good, failing] = await submit(scene.stores, id, [{}, bad]);
    scene.grid.announcer.submitted(id);
    await vi.waitFor(async () => {
      expect(await activitiesOf(scene.temporal, id)).toEqual([
        { activityId: `task-${good}`, summary: good, end: "ok" },
        {
          activityId: `task-${failing}`,
          summary: failing,
          end: `task ${failing} failed: no luck today`,
        },
      ]);
    }, PATIENCE);
    expect(await stateOf(scene.temporal, id)).toMatchObject({ tasks: 2, completed: 1, failed: 1 });
  });

  it("is supervised although its workflow's start was lost", async () => {
    await using _agent = await openStandInAgent(scene.stores);
    const id = await scene.stores.newSession();
    await submit(scene.stores, id, [{}]);
    scene.grid.announcer.submitted(id);
    await vi.waitFor(async () => {
      expect(await stateOf(scene.temporal, id)).toMatchObject({ tasks: 1, completed: 1 });
    }, PATIENCE);
  });

  it("learns of batches that their submitter never announced", async () => {
    await using _agent = await openStandInAgent(scene.stores);
    const id = await startSession(scene.stores, scene.grid);
    await submit(scene.stores, id, [{}, {}]);
    await vi.waitFor(async () => {
      expect(await stateOf(scene.temporal, id)).toMatchObject({ tasks: 2, completed: 2 });
    }, PATIENCE);
  });
});

describe("a large session", () => {
  it("costs at most 50 history events per 1,000 tasks", async () => {
    await using _agent = await openStandInAgent(scene.stores);
    const id = await startSession(scene.stores, scene.grid);
    await submit(scene.stores, id, times(5_000, {}));
    scene.grid.announcer.submitted(id);
    await vi.waitFor(async () => {
      expect(await stateOf(scene.temporal, id)).toMatchObject({
        completed: 5_000,
        failed: 0,
        open: [],
      });
    }, PATIENCE);
    expect(await eventCount(scene.temporal, id)).toBeLessThanOrEqual(50 * 5);
  });

  it("announces a stream of single tasks in few signals", async () => {
    await using _agent = await openStandInAgent(scene.stores);
    const id = await startSession(scene.stores, scene.grid);
    await submit(scene.stores, id, times(200, {}));
    const start = performance.now();
    scene.grid.announcer.submitted(id);
    for (let soFar = 200; soFar < 300; soFar++) {
      await submit(scene.stores, id, [{}], soFar);
      scene.grid.announcer.submitted(id);
    }
    await vi.waitFor(async () => {
      expect(await stateOf(scene.temporal, id)).toMatchObject({ completed: 300, failed: 0 });
    }, PATIENCE);
    const elapsedMs = performance.now() - start;
    // At most ten in a second, however slow this machine is, and the first at once.
    expect(await signalCount(scene.temporal, id)).toBeLessThanOrEqual(elapsedMs / 100 + 1);
  });
});

describe("a batch that waits for later submissions", () => {
  it("gives up its place in the window, and gets it back when its input is there", async () => {
    const small = await openStores();
    await using _small = small;
    await using own = await openTestTemporal();
    await using narrow = await openOrchestration(small, own, { window: 1, parkAfterMs: 300 });
    await using _agent = await openStandInAgent(small, {
      run: async ({ expectedOutputIds }) => ({
        outcome: "completed",
        results: await Promise.all(expectedOutputIds.map(stored)),
        staged: false,
      }),
    });
    const stored = async (resultId: (typeof inputs)[number]) => {
      const [object] = await small.objects.putMany([
        { origin: { sessionId: id }, data: new Uint8Array(1) },
      ]);
      if (!object) throw new Error("nothing stored");
      return { resultId, ...object };
    };
    const id = await startSession(small, narrow);
    const inputs = [await small.newResult(id)];
    const [waiting] = await submit(small, id, [{ dataDependencies: inputs }]);
    narrow.announcer.submitted(id);
    await vi.waitFor(async () => {
      expect(await stateOf(own, id)).toMatchObject({ open: [], parked: [1] });
    }, PATIENCE);
    await submit(small, id, [{ expectedOutputIds: inputs }], 1);
    narrow.announcer.submitted(id);
    await vi.waitFor(async () => {
      expect(await stateOf(own, id)).toMatchObject({ completed: 2, parked: [] });
    }, PATIENCE);
    const [task] = await small.tables.tasks.get(waiting ? [waiting] : []);
    expect(task?.status).toBe(TaskStatus.COMPLETED);
  });
});
