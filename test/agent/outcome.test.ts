import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ServerError, Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import type { AgentSettings } from "../../src/agent/context.ts";
import { taskId } from "../../src/domain/ids.ts";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import { errorOf } from "../../src/domain/task.ts";
import { HealthCheckReply_ServingStatus as Serving } from "../../src/gen/worker_common.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { heldUntil, OK } from "./worker.ts";

const grid = freshGrid();

it("retries after a gRPC error of the worker, under the next name", async () => {
  const seen: string[] = [];
  await using _pair = await openPair(grid(), {
    behaviour: async (job) => {
      seen.push(job.request.taskId);
      if (seen.length === 1) throw new ServerError(Status.INTERNAL, "boom");
      await job.output(job.request.expectedOutputKeys[0] ?? "", "second");
      return OK;
    },
  });
  const { id, output } = await submitOne(grid());
  const first = await reaches(grid(), id, TaskStatus.RETRIED);
  expect(errorOf(first)).toBe("Worker returned error INTERNAL: boom");
  const next = taskId(`${id}###1`);
  expect(await reaches(grid(), next, TaskStatus.COMPLETED)).toMatchObject({
    ...{ initialTaskId: id, retryOfIds: [id], createdBy: id, crashCount: 0 },
  });
  expect(seen).toEqual([id, next]);
  expect((await grid().result(output)).text).toBe("second");
});

it("ends in error when no retry is left", async () => {
  await using _pair = await openPair(grid(), {
    behaviour: async () => {
      throw new ServerError(Status.UNKNOWN, "always");
    },
  });
  const { id, output } = await submitOne(grid(), { maxRetries: 2 });
  await reaches(grid(), taskId(`${id}###1`), TaskStatus.RETRIED);
  await reaches(grid(), taskId(`${id}###2`), TaskStatus.ERROR);
  expect((await grid().result(output)).status).toBe(ResultStatus.ABORTED);
});

it("takes a reply without an output for a failure", async () => {
  let calls = 0;
  await using _pair = await openPair(grid(), {
    behaviour: async () => {
      calls += 1;
      return calls === 1 ? undefined : OK;
    },
  });
  const { id } = await submitOne(grid());
  const first = await reaches(grid(), id, TaskStatus.RETRIED);
  expect(errorOf(first)).toBe("Worker answered without an output");
});

it("keeps the beginning and the end of what a worker says at length", async () => {
  const details = `first words ${"x".repeat(5_000_000)} last words`;
  await using _pair = await openPair(grid(), {
    behaviour: async () => ({ type: { $case: "error", value: { details } } }),
  });
  const { id } = await submitOne(grid());
  const error = errorOf(await reaches(grid(), id, TaskStatus.ERROR));
  expect(error).toMatch(/^first words x+\n… \(\d+ of 5000023 bytes cut\) …\nx+ last words$/);
  expect(error.length).toBeLessThan(1_100);
});

it("tells a failure by its error, also when the worker gave none", async () => {
  await using _pair = await openPair(grid(), {
    behaviour: async () => ({ type: { $case: "error", value: { details: "" } } }),
  });
  const { id } = await submitOne(grid());
  const task = await reaches(grid(), id, TaskStatus.ERROR);
  expect(errorOf(task)).toBe("The worker did not say why");
});

describe("what a worker's code raised, and only its log tells", () => {
  const failing = async (settings: Partial<AgentSettings>): Promise<string> => {
    await using pair = await openPair(grid(), {
      settings,
      behaviour: async () => {
        // As gRPC of Python says when a handler returns nothing.
        throw new ServerError(Status.INTERNAL, "Failed to serialize response!");
      },
    });
    const { id } = await submitOne(grid(), { maxRetries: 0 });
    const error = errorOf(await reaches(grid(), id, TaskStatus.ERROR));
    return error.replace(pair.agentId, "AGENT");
  };

  it("is said, and where the log is", async () => {
    expect(await failing({})).toBe(
      "Worker returned error INTERNAL: Failed to serialize response!\n" +
        "The worker's code raised an exception. The log of the worker beside agent AGENT on host test says more",
    );
  });

  it("is shown by the last lines of the log, where it is known, within bounds", async () => {
    const workerLogFile = join(grid().folder, "worker.log");
    const lines = Array.from({ length: 1_000 }, (_, n) => `${n} ${"x".repeat(100)}`);
    writeFileSync(workerLogFile, [...lines, "ValueError: the reason", ""].join("\n"));
    const error = await failing({ workerLogFile, maxErrorBytes: 64 * 1_024 });
    expect(error).toContain(`on host test, ${workerLogFile}, ends with\n`);
    expect(error).toMatch(/\n999 x+\nValueError: the reason$/);
    expect(error.length).toBeLessThan(5_000);
  });

  it("leads to the log also when the file cannot be read", async () => {
    expect(await failing({ workerLogFile: "/no/such/file" })).toMatch(/on host test is \/no\/such/);
  });
});

it("does not take the status UNAVAILABLE, sent by a worker that lives, for a crash", async () => {
  await using _pair = await openPair(grid(), {
    behaviour: async () => {
      throw new ServerError(Status.UNAVAILABLE, "user exception");
    },
  });
  const { id } = await submitOne(grid(), { maxRetries: 4 });
  const last = await reaches(grid(), taskId(`${id}###4`), TaskStatus.ERROR);
  expect(last.crashCount).toBe(0);
  expect(errorOf(last)).toBe("Worker returned error UNAVAILABLE: user exception");
});

it("ends a task that takes too long as TIMEOUT, and waits for the worker before the next", async () => {
  const stuck = gate();
  const order: string[] = [];
  await using pair = await openPair(grid(), {
    behaviour: async (job) => {
      order.push(job.request.taskId);
      if (order.length === 1) await stuck.promise;
      return OK;
    },
  });
  const first = await submitOne(grid(), { maxDurationMs: 300 });
  await reaches(grid(), first.id, TaskStatus.PROCESSING);
  pair.worker.health = async () => Serving.NOT_SERVING;
  const checks = pair.worker.healthChecks;
  const task = await reaches(grid(), first.id, TaskStatus.TIMEOUT);
  expect(errorOf(task)).toBe("The task did not end within 300 ms");
  expect((await grid().result(first.output)).status).toBe(ResultStatus.ABORTED);
  const second = await submitOne(grid());
  await expect.poll(() => pair.worker.healthChecks).toBeGreaterThan(checks + 2);
  expect(order).toEqual([first.id]);
  stuck.resolve();
  pair.worker.health = async () => Serving.SERVING;
  await reaches(grid(), second.id, TaskStatus.COMPLETED);
});

it("takes the worker's own DEADLINE_EXCEEDED for a timeout", async () => {
  await using _pair = await openPair(grid(), {
    behaviour: async () => {
      throw new ServerError(Status.DEADLINE_EXCEEDED, "too slow");
    },
  });
  const { id } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.TIMEOUT);
});

it("runs a task whose limit is longer than timers can count", async () => {
  await using _pair = await openPair(grid(), { behaviour: async () => OK });
  const { id } = await submitOne(grid(), { maxDurationMs: 315_576_000_000_000 });
  await reaches(grid(), id, TaskStatus.COMPLETED);
});

it("ends in error, without a retry, when an input's data is gone", async () => {
  const { stores } = grid();
  const { id, payload, output } = await submitOne(grid());
  const [row] = await stores.tables.results.get([payload]);
  await stores.objects.delete(row?.objectId ? [row.objectId] : []);
  await using _pair = await openPair(grid(), { behaviour: async () => OK });
  const task = await reaches(grid(), id, TaskStatus.ERROR);
  expect(errorOf(task)).toContain(`Result data was not found: ${payload}`);
  expect((await grid().result(output)).status).toBe(ResultStatus.ABORTED);
});

it("asks a worker for its health before the first task, and not during one", async () => {
  const running = gate();
  const end = gate();
  await using pair = await openPair(grid(), {
    settings: { heartbeatMs: 50 },
    behaviour: heldUntil(end, running),
  });
  const { id } = await submitOne(grid());
  await running.promise;
  const before = pair.worker.healthChecks;
  expect(before).toBeGreaterThan(0);
  await reaches(grid(), id, TaskStatus.PROCESSING);
  end.resolve();
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(pair.worker.healthChecks).toBe(before);
});

it("takes a worker without the health method for a healthy one", async () => {
  await using _pair = await openPair(grid(), {
    behaviour: async () => OK,
    health: async () => {
      throw new ServerError(Status.UNIMPLEMENTED, "no such method");
    },
  });
  const { id } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.COMPLETED);
});

it("asks again a worker that does not answer when it is asked for its health", async () => {
  let asked = 0;
  await using _pair = await openPair(grid(), {
    behaviour: async () => OK,
    health: () => {
      asked += 1;
      return asked === 1 ? new Promise(() => {}) : Promise.resolve(Serving.SERVING);
    },
  });
  const { id } = await submitOne(grid());
  await reaches(grid(), id, TaskStatus.COMPLETED);
  expect(asked).toBe(2);
});
