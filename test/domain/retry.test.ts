import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchId, partitionId, resultId, sessionId, taskId } from "../../src/domain/ids.ts";
import {
  afterFailure,
  afterInterruptions,
  QUARANTINE_AFTER_CRASHES,
  SUSPECT_AFTER_INTERRUPTIONS,
  successorOf,
} from "../../src/domain/retry.ts";
import type { TaskDefinition } from "../../src/domain/task.ts";

const task = (change: Partial<TaskDefinition> & { maxRetries?: number }): TaskDefinition => ({
  taskId: taskId("t"),
  sessionId: sessionId("s"),
  batchId: batchId("b"),
  payloadId: resultId("p"),
  dataDependencies: [],
  expectedOutputIds: [resultId("o")],
  options: {
    options: {},
    maxDurationMs: 1_000,
    maxRetries: change.maxRetries ?? 2,
    priority: 1,
    partitionId: partitionId("default"),
    applicationName: "",
    applicationVersion: "",
    applicationNamespace: "",
    applicationService: "",
    engineType: "",
  },
  parentTaskIds: ["s"],
  retryOfIds: [],
  initialTaskId: taskId("t"),
  createdBy: "",
  createdAt: 0,
  crashCount: 0,
  ...change,
});

/** Fails attempt after attempt until the end; answers the ids that ran. */
const runOut = (first: TaskDefinition, crashed: boolean): string[] => {
  const ran: string[] = [];
  for (let current = first; ; ) {
    ran.push(current.taskId);
    const { outcome } = afterFailure(current, { error: "e", crashed });
    if (outcome !== "retried") return ran;
    current = successorOf(current, crashed, 1);
  }
};

describe("after a failed attempt", () => {
  it("a task runs once more than its retries, each attempt with the original's id form", () => {
    expect(runOut(task({ maxRetries: 3 }), false)).toEqual(["t", "t###1", "t###2", "t###3"]);
  });

  it("a task that takes down its worker three times is quarantined, however many retries it has", () => {
    const ran = runOut(task({ maxRetries: 100 }), true);
    expect(ran).toHaveLength(QUARANTINE_AFTER_CRASHES);
  });

  it("says so in its output", () => {
    const last = task({ maxRetries: 100, crashCount: QUARANTINE_AFTER_CRASHES - 1 });
    expect(afterFailure(last, { error: "worker went down", crashed: true })).toEqual({
      outcome: "error",
      error: expect.stringMatching(/Quarantined.*3 times.*worker went down/),
    });
  });

  it("the successor keeps inputs, outputs, options, batch and parents", () => {
    const first = task({ retryOfIds: [] });
    const next = successorOf(first, true, 42);
    expect(next).toEqual({
      ...first,
      taskId: "t###1",
      retryOfIds: ["t"],
      createdBy: "t",
      createdAt: 42,
      crashCount: 1,
    });
  });

  it("two retriers make the same successor, but for its date", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), fc.nat(), (crashed, a, b) => {
        const { createdAt: _, ...one } = successorOf(task({}), crashed, a);
        const { createdAt: __, ...other } = successorOf(task({}), crashed, b);
        expect(one).toEqual(other);
      }),
    );
  });
});

describe("a task that is interrupted again and again", () => {
  it("keeps its retries until it is suspected, then counts as one that crashed", () => {
    const interrupted = (interruptions?: number) => ({ ...task({}), interruptions });
    expect(afterInterruptions(interrupted())).toBeUndefined();
    expect(afterInterruptions(interrupted(SUSPECT_AFTER_INTERRUPTIONS - 1))).toBeUndefined();
    expect(afterInterruptions(interrupted(SUSPECT_AFTER_INTERRUPTIONS))).toMatchObject({
      ...{ outcome: "retried", crashed: true },
      error: expect.stringContaining(`${SUSPECT_AFTER_INTERRUPTIONS} times`),
    });
  });
});
