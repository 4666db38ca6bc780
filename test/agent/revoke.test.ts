import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, vi } from "vitest";
import { SessionStatus, TaskStatus } from "../../src/domain/status.ts";
import { cancelTasks } from "../../src/lifecycle/cancel.ts";
import { recordStatus } from "../../src/lifecycle/record-status.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { OK } from "./worker.ts";

const grid = freshGrid();
const NEVER_BEATS = { heartbeatMs: 3_600_000 };

it("cancels the worker call of a task that is cancelled while it runs", async () => {
  const cancelled = gate();
  await using _pair = await openPair(grid(), {
    behaviour: ({ context }) =>
      new Promise((resolve) => {
        context.signal.addEventListener("abort", () => {
          cancelled.resolve();
          resolve(OK);
        });
      }),
  });
  const { id } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.PROCESSING);
  await cancelTasks(grid().stores, [id], "enough");
  await cancelled.promise;
  expect((await grid().task(id)).status).toBe(TaskStatus.CANCELLED);
});

it("refuses the commit of a revoked attempt, logs both, and leaves nothing of it behind", async () => {
  const running = gate();
  const release = gate();
  const { stores, folder } = grid();
  await using pair = await openPair(grid(), {
    settings: NEVER_BEATS,
    behaviour: async (job) => {
      const { communicationToken, sessionId, payloadId } = job.request;
      await job.output(job.request.expectedOutputKeys[0] ?? "", "late");
      await job.agent.createResults({
        ...{ communicationToken, sessionId },
        results: [{ name: "made", data: Buffer.from("late too") }],
      });
      const taskCreations = [{ payloadId }];
      await job.agent.submitTasks({ communicationToken, sessionId, taskCreations });
      running.resolve();
      await release.promise;
      return OK;
    },
  });
  const { id, session } = await submitOne(grid());
  await running.promise;
  await reaches(grid(), id, TaskStatus.PROCESSING);
  // As supervision would, had the agent been silent for too long.
  await stores.tables.tasks.release([{ taskId: id, attempt: 1 }], Date.now());
  const other = { agentId: "other" as never, hostname: "" };
  expect(await stores.tables.tasks.acquire([id], other, Date.now())).toHaveLength(1);
  release.resolve();
  await vi.waitFor(() => {
    const refusal = pair.lines.find(({ msg }) => msg === "commit refused");
    expect(refusal).toMatchObject({
      ...{ level: "warn", taskId: id, attempt: 1, outcome: "completed" },
      current: { status: TaskStatus.DISPATCHED, attempt: 2 },
    });
  });
  await pair.stop();
  expect(await grid().task(id)).toMatchObject({ status: TaskStatus.DISPATCHED, attempt: 2 });
  expect(await stores.tables.tasks.inSession(session, [TaskStatus.CREATING], 10)).toEqual([]);
  const db = new DatabaseSync(join(folder, "data", "objects.db"), { readOnly: true });
  // The payload's object alone.
  expect(db.prepare("SELECT count(*) AS n FROM objects").get()).toEqual({ n: 1 });
  db.close();
});

it("drops a task that is paused between its acquisition and its start", async () => {
  const first = gate();
  const release = gate();
  const ran: string[] = [];
  const { stores } = grid();
  await using pair = await openPair(grid(), {
    settings: NEVER_BEATS,
    behaviour: async ({ request }) => {
      ran.push(request.taskId);
      first.resolve();
      await release.promise;
      return OK;
    },
  });
  const session = await grid().newSession();
  const running = await submitOne(grid(), {}, session);
  await first.promise;
  const waiting = await submitOne(grid(), {}, session);
  await reaches(grid(), waiting.id, TaskStatus.DISPATCHED);
  const open = { clientSubmission: true, workerSubmission: true };
  await recordStatus(stores, { sessionId: session, status: "Paused", ...open });
  expect((await grid().task(waiting.id)).status).toBe(TaskStatus.PAUSED);
  release.resolve();
  await reaches(grid(), running.id, TaskStatus.COMPLETED);
  // Wherever it was by then: being looked at after its acquisition, prepared, or in the ready queue.
  await vi.waitFor(() => expect(pair.agent.taskIds()).toEqual([]));
  expect((await grid().task(waiting.id)).status).toBe(TaskStatus.PAUSED);
  expect(ran).toEqual([running.id]);
  // It goes on with the next session.
  pair.worker.behaviour = async () => OK;
  const next = await submitOne(grid());
  await reaches(grid(), next.id, TaskStatus.COMPLETED);
});

it("takes no task of a paused session, and cancels those of a closed one", async () => {
  const { stores } = grid();
  const paused = await submitOne(grid());
  const closed = await submitOne(grid());
  const { sessions } = stores.tables;
  const from = [SessionStatus.RUNNING];
  await sessions.change(paused.session, from, { status: SessionStatus.PAUSED });
  await sessions.change(closed.session, from, { status: SessionStatus.CLOSED });
  let calls = 0;
  await using _pair = await openPair(grid(), {
    behaviour: async () => {
      calls += 1;
      return OK;
    },
  });
  await reaches(grid(), paused.id, TaskStatus.PAUSED);
  await reaches(grid(), closed.id, TaskStatus.CANCELLED);
  await vi.waitFor(async () =>
    expect(await stores.queue.depth("default" as never)).toEqual({ waiting: 0 }),
  );
  expect(calls).toBe(0);
});

it("runs a task once when its message comes twice", async () => {
  const release = gate();
  let calls = 0;
  await using pair = await openPair(grid(), {
    behaviour: async () => {
      calls += 1;
      if (calls === 1) await release.promise;
      return OK;
    },
  });
  const { id, session } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.PROCESSING);
  const message = { sessionId: session, taskId: id, partitionId: "default" as never, priority: 1 };
  await grid().stores.queue.publish([message, message]);
  release.resolve();
  await reaches(grid(), id, TaskStatus.COMPLETED);
  await vi.waitFor(async () =>
    expect(await grid().stores.queue.depth("default" as never)).toEqual({ waiting: 0 }),
  );
  await pair.stop();
  expect(calls).toBe(1);
});

it("lets a task of a closed session run to its end, though its message comes again", async () => {
  const started = gate();
  const release = gate();
  let calls = 0;
  const { stores } = grid();
  const behaviour = async () => {
    calls += 1;
    started.resolve();
    await release.promise;
    return OK;
  };
  await using _one = await openPair(grid(), { behaviour });
  const { id, session } = await submitOne(grid());
  await started.promise;
  await reaches(grid(), id, TaskStatus.PROCESSING);
  await stores.tables.sessions.change(session, [SessionStatus.RUNNING], {
    status: SessionStatus.CLOSED,
  });
  await using _other = await openPair(grid(), { behaviour });
  const message = { sessionId: session, taskId: id, partitionId: "default" as never, priority: 1 };
  await stores.queue.publish([message]);
  await vi.waitFor(async () =>
    expect(await stores.queue.depth("default" as never)).toEqual({ waiting: 0 }),
  );
  release.resolve();
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(calls).toBe(1);
});
