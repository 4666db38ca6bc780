import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { agentId, partitionId, type SessionId } from "../../src/domain/ids.ts";
import type { StopSubmission } from "../../src/domain/session-commands.ts";
import { SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import { createSessionWorkflows } from "../../src/temporal/session-workflows.ts";
import { statusAttribute } from "../../src/workflows/contracts.ts";
import { stateOf, submit } from "../support/orchestration.ts";
import { handleOf, openScene, PATIENCE, statusesOf, withTasks } from "../support/scene.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";
import { openTestTemporal } from "../support/temporal-server.ts";

const scene = openScene();

const rowOf = (id: SessionId) => scene.stores.tables.sessions.get(id);
const endOf = async (id: SessionId) => (await handleOf(scene, id).describe()).status.name;
const { CANCELLED, COMPLETED, PAUSED, PROCESSING, SUBMITTED } = TaskStatus;

describe("pause and resume", () => {
  it("are in the table when the update answers, and hold tasks back until resumed", async () => {
    const { id, tasks } = await withTasks(scene, 2);
    await scene.grid.workflows.control(id, "pause");
    expect((await rowOf(id))?.status).toBe(SessionStatus.PAUSED);
    expect(await statusesOf(scene, tasks)).toEqual([PAUSED, PAUSED]);
    await using _agent = await openStandInAgent(scene.stores);
    await scene.grid.workflows.control(id, "resume");
    expect((await rowOf(id))?.status).toBe(SessionStatus.RUNNING);
    await vi.waitFor(async () => {
      expect(await statusesOf(scene, tasks)).toEqual([COMPLETED, COMPLETED]);
    }, PATIENCE);
  });

  it("work as signals, as an operator sends them", async () => {
    const { id, tasks } = await withTasks(scene, 1);
    await handleOf(scene, id).signal("pause");
    await vi.waitFor(async () => {
      expect((await rowOf(id))?.status).toBe(SessionStatus.PAUSED);
      expect(await statusesOf(scene, tasks)).toEqual([PAUSED]);
    }, PATIENCE);
    await vi.waitFor(async () => {
      const { typedSearchAttributes } = await handleOf(scene, id).describe();
      expect(typedSearchAttributes.get(statusAttribute)).toBe("Paused");
    }, PATIENCE);
    await handleOf(scene, id).signal("resume");
    await vi.waitFor(
      async () => expect(await statusesOf(scene, tasks)).toEqual([SUBMITTED]),
      PATIENCE,
    );
    await scene.grid.workflows.control(id, "cancel");
  });

  it("wait longer for an agent than for Temporal", async () => {
    const { id, tasks } = await withTasks(scene, 1);
    const { tables } = scene.stores;
    const owner = { agentId: agentId(`agent-${randomUUID()}`), hostname: "here" };
    const beat = (checksDone: number) =>
      tables.agents.heartbeat({
        ...{ ...owner, partitionId: partitionId("default"), held: 1, idleMs: 0, checksDone },
      });
    await beat(0);
    expect(await tables.tasks.acquire(tasks, owner, 1)).toHaveLength(1);
    const patienceMs = 3_000;
    const workflows = createSessionWorkflows(scene.temporal.client, {
      ...{ window: 64, leaseMs: 60_000, patienceMs, sessions: tables.sessions },
    });
    const pausing = workflows.control(id, "pause");
    await vi.waitFor(async () => {
      const [row] = await tables.agents.get([owner.agentId]);
      expect(row?.checksRequested).toBe(1);
    }, PATIENCE);
    await sleep(patienceMs + 500);
    await beat(1);
    await pausing;
    expect((await rowOf(id))?.status).toBe(SessionStatus.PAUSED);
    await tables.agents.remove(owner.agentId);
    await workflows.control(id, "cancel");
  });
});

describe("close", () => {
  it("lets running tasks finish, cancels the others, and ends the workflow", async () => {
    const finish = Promise.withResolvers<void>();
    const held = vi.fn(async () => {
      await finish.promise;
      return { outcome: "completed", results: [], staged: false } as const;
    });
    const { id, tasks } = await withTasks(scene, 1);
    const agent = await openStandInAgent(scene.stores, { run: held });
    await using _agent = agent;
    await vi.waitFor(
      async () => expect(await statusesOf(scene, tasks)).toEqual([PROCESSING]),
      PATIENCE,
    );
    await agent.pause();
    const queued = await submit(scene.stores, id, [{}], 1);
    await scene.grid.workflows.control(id, "close");
    expect(await rowOf(id)).toMatchObject({
      status: SessionStatus.CLOSED,
      clientSubmission: false,
      workerSubmission: false,
      closedAt: expect.any(Number),
      durationMs: expect.any(Number),
    });
    await vi.waitFor(
      async () => expect(await statusesOf(scene, queued)).toEqual([CANCELLED]),
      PATIENCE,
    );
    expect(await statusesOf(scene, tasks)).toEqual([PROCESSING]);
    expect(await endOf(id)).toBe("RUNNING");
    finish.resolve();
    await vi.waitFor(async () => expect(await endOf(id)).toBe("COMPLETED"), PATIENCE);
    expect(await statusesOf(scene, tasks)).toEqual([COMPLETED]);
    expect(await handleOf(scene, id).result()).toMatchObject({ completed: 1, failed: 1 });
  });

  it("may be followed by cancel, also when the workflow is over", async () => {
    const { id } = await withTasks(scene, 0);
    const { workflows } = scene.grid;
    await workflows.control(id, "close");
    await vi.waitFor(async () => expect(await endOf(id)).toBe("COMPLETED"), PATIENCE);
    await workflows.control(id, "cancel");
    expect((await rowOf(id))?.status).toBe(SessionStatus.CANCELLED);
    await expect(workflows.control(id, "close")).rejects.toMatchObject({
      code: "INVALID_SESSION_TRANSITION",
      message: "The session transition is invalid: The session is Cancelled: cannot close",
    });
  });
});

describe("cancel", () => {
  it("cancels all tasks, running ones too, and aborts what nobody will produce", async () => {
    await using _agent = await openStandInAgent(scene.stores, { run: async () => "held" });
    const { id, tasks } = await withTasks(scene, 3);
    const output = await scene.stores.newResult(id);
    await vi.waitFor(async () => {
      expect(await statusesOf(scene, tasks)).toEqual([PROCESSING, PROCESSING, PROCESSING]);
    }, PATIENCE);
    await scene.grid.workflows.control(id, "cancel");
    await vi.waitFor(async () => {
      expect(await statusesOf(scene, tasks)).toEqual([CANCELLED, CANCELLED, CANCELLED]);
    }, PATIENCE);
    await vi.waitFor(async () => expect(await endOf(id)).toBe("COMPLETED"), PATIENCE);
    const [result] = await scene.stores.tables.results.get([output]);
    expect(result?.status).toBe(3);
    expect(await rowOf(id)).toMatchObject({
      status: SessionStatus.CANCELLED,
      cancelledAt: expect.any(Number),
    });
    expect(await handleOf(scene, id).result()).toMatchObject({ completed: 0, failed: 3 });
  });

  it("reaches tasks that come when the workflow is over, as their submitter may have died", async () => {
    const { id } = await withTasks(scene, 0);
    await scene.grid.workflows.control(id, "cancel");
    await vi.waitFor(async () => expect(await endOf(id)).toBe("COMPLETED"), PATIENCE);
    const { tables } = scene.stores;
    const { batchId, taskId, ...rest } = scene.stores.newTask(id, {});
    await tables.tasks.create([{ batchId, taskId, ...rest }]);
    await tables.batches.add([{ batchId, sessionId: id }]);
    await tables.tasks.accept([taskId]);
    await vi.waitFor(
      async () => expect(await statusesOf(scene, [taskId])).toEqual([CANCELLED]),
      PATIENCE,
    );
    const untold = () => tables.batches.unannounced({ sessionId: id });
    await vi.waitFor(async () => expect(await untold()).toEqual([]), PATIENCE);
  });

  it("is what Temporal's own cancel does, and the workflow ends as Canceled", async () => {
    const { id, tasks } = await withTasks(scene, 1);
    await handleOf(scene, id).cancel();
    await vi.waitFor(async () => expect(await endOf(id)).toBe("CANCELLED"), PATIENCE);
    expect((await rowOf(id))?.status).toBe(SessionStatus.CANCELLED);
    expect(await statusesOf(scene, tasks)).toEqual([CANCELLED]);
  });
});

describe("stopSubmission", () => {
  it("closes the sides it names, or both", async () => {
    const { id } = await withTasks(scene, 0);
    await scene.grid.workflows.control(id, "stopSubmission", { client: true, worker: false });
    expect(await rowOf(id)).toMatchObject({ clientSubmission: false, workerSubmission: true });
    await handleOf(scene, id).signal("stopSubmission");
    await vi.waitFor(async () => {
      expect(await rowOf(id)).toMatchObject({ clientSubmission: false, workerSubmission: false });
    }, PATIENCE);
    await scene.grid.workflows.control(id, "cancel");
  });
});

describe("what is not allowed", () => {
  it("is refused with a text that says why", async () => {
    const { id } = await withTasks(scene, 0);
    await scene.grid.workflows.control(id, "pause");
    await expect(scene.grid.workflows.control(id, "pause")).rejects.toMatchObject({
      code: "INVALID_SESSION_TRANSITION",
      message: "The session transition is invalid: The session is Paused: cannot pause",
    });
    await scene.grid.workflows.control(id, "cancel");
  });

  it("is ignored as a signal, and so are unknown signals", async () => {
    const { id } = await withTasks(scene, 0);
    await scene.grid.workflows.control(id, "pause");
    await handleOf(scene, id).signal("pause");
    await handleOf(scene, id).signal("unheard-of", { of: "course" });
    await scene.grid.workflows.control(id, "resume");
    expect((await stateOf(scene.temporal, id)).status).toBe("Running");
    await scene.grid.workflows.control(id, "cancel");
  });

  it("does no harm as a malformed signal or argument, by hand from the Temporal UI", async () => {
    const { id } = await withTasks(scene, 1);
    const handle = handleOf(scene, id);
    const garbage = [[], [null], [{}], ["text"], [{ upTo: "9", tasks: -1 }], [{ batches: 7 }]];
    for (const args of garbage) {
      await handle.signal("batchesSubmitted", ...args);
      await handle.signal("batchesReady", ...args);
      await handle.signal("resume", ...args);
      await handle.executeUpdate<unknown, [Partial<StopSubmission>]>("resume", {
        args: args as never,
      });
    }
    expect(await stateOf(scene.temporal, id)).toMatchObject({
      status: "Running",
      upTo: 1,
      tasks: 1,
    });
    await scene.grid.workflows.control(id, "cancel");
  });

  it("says that Temporal is away when it is", async () => {
    await using away = await openTestTemporal();
    await away.kill();
    const hasty = createSessionWorkflows(away.client, {
      ...{ window: 64, leaseMs: 1_000, patienceMs: 500, sessions: scene.stores.tables.sessions },
    });
    await expect(hasty.control(await scene.stores.newSession(), "pause")).rejects.toMatchObject({
      code: "DEPENDENCY_UNAVAILABLE",
      message: expect.stringContaining("Temporal"),
    });
  });
});
