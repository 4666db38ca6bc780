import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCommitter } from "../../src/agent/commit/committer.ts";
import { createSettler } from "../../src/agent/commit/settle.ts";
import type { AgentContext } from "../../src/agent/context.ts";
import type { Attempt } from "../../src/agent/execution/attempt.ts";
import type { Outcome } from "../../src/agent/execution/outcome.ts";
import { acquire } from "../../src/agent/intake/acquire.ts";
import { createPrepare } from "../../src/agent/intake/prepare.ts";
import { resultId, taskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { TaskDefinition } from "../../src/domain/task.ts";
import { toMessage } from "../../src/lifecycle/dispatch.ts";
import { atMost, countRoundTrips, type RoundTrips } from "../support/round-trips.ts";
import { acquireAll, toContext } from "./context.ts";
import { freshGrid } from "./scene.ts";

const grid = freshGrid();
const GROUP = 16;
const PLACES = Array.from({ length: GROUP }, (_, i) => i);

/** Tasks of one session with an input and an output each; perhaps for each one that waits for it. */
async function submitGroup({ waiting = true } = {}) {
  const session = await grid().newSession();
  const [payloadId] = await grid().newResults(session, ["payload"]);
  const inputs = await grid().newResults(
    session,
    PLACES.map((i) => `input ${i}`),
  );
  const outputs = await grid().newResults(
    session,
    PLACES.map(() => undefined),
  );
  const tasks = PLACES.map((i) => ({
    ...{ payloadId, inputs: inputs.slice(i, i + 1), outputs: outputs.slice(i, i + 1) },
    options: { maxRetries: 1 },
  }));
  const ids = await grid().submit(session, tasks);
  const dependents = await grid().submit(
    session,
    waiting ? outputs.map((output) => ({ payloadId, inputs: [output] })) : [],
  );
  return { ids, dependents };
}

const statusesOf = async (ids: readonly TaskDefinition["taskId"][]) =>
  new Set((await grid().stores.tables.tasks.get(ids)).map(({ status }) => status));

/** The group runs; its ends are committed together. */
async function commit(
  work: (attempt: Attempt, context: AgentContext) => Outcome,
  given: { waiting?: boolean } = {},
): Promise<{ trips: RoundTrips } & Awaited<ReturnType<typeof submitGroup>>> {
  const group = await submitGroup(given);
  const { stores, measure } = countRoundTrips(grid().stores);
  const context = toContext(grid(), stores, randomUUID);
  const attempts = await acquireAll(context, group.ids);
  const failures: unknown[] = [];
  const failed = (error: unknown) => void failures.push(error);
  const settler = createSettler(context);
  const committer = createCommitter({ context, settler, failed, revoke: failed });
  await createPrepare(context)(attempts);
  const trips = await measure(async () => {
    for (const attempt of attempts) {
      committer.start(attempt);
      committer.end(attempt, work(attempt, context));
    }
    await committer.idle();
  });
  expect(failures).toEqual([]);
  return { trips, ...group };
}

/** From the decision to the final statuses. */
function untilFinal(trips: RoundTrips): RoundTrips {
  const indexOf = (call: string) => trips.findIndex((calls) => calls.includes(call));
  expect(indexOf("tasks.finish")).toBeGreaterThan(0);
  return trips.slice(indexOf("tasks.decide"), indexOf("tasks.finish") + 1);
}

function writeOutput({ task, folder, buffer }: Attempt): Outcome {
  for (const id of task.expectedOutputIds) {
    writeFileSync(join(folder, id), "output");
    buffer.notified.add(id);
  }
  return "completed";
}

/** Instead of the output: a result and a task that is to make the output of it. */
function delegate(attempt: Attempt, { newId }: AgentContext): Outcome {
  const { task, buffer } = attempt;
  const made = resultId(newId());
  buffer.created.set(made, { name: "made", createdAt: 1, data: Buffer.from("made") });
  const id = taskId(newId());
  const { batchId: _, ...parent } = task;
  buffer.subtasks.push({
    ...parent,
    ...{ taskId: id, initialTaskId: id, dataDependencies: [made], createdBy: task.taskId },
  });
  return "completed";
}

describe("an agent's round trips for a group of tasks", () => {
  it("are at most four from the messages to data folders that are ready", async () => {
    const { ids } = await submitGroup();
    const tasks = await grid().stores.tables.tasks.get(ids);
    const { stores, measure } = countRoundTrips(grid().stores);
    const context = toContext(grid(), stores);
    const trips = await measure(async () => {
      const attempts = await acquire(context, tasks.map(toMessage));
      const { ready } = await createPrepare(context)(attempts);
      expect(ready).toHaveLength(GROUP);
    });
    expect(trips).toSatisfy(atMost(4));
  });

  it("are at most four from the decision to the final status", async () => {
    const { trips, ids } = await commit(writeOutput, { waiting: false });
    expect(await statusesOf(ids)).toEqual(new Set([TaskStatus.COMPLETED]));
    expect(untilFinal(trips)).toSatisfy(atMost(4));
    // Before it, the outputs are stored beside the starts.
    expect(trips).toSatisfy(atMost(1 + 4));
  });

  it("are one more if tasks have waited for these, which are on the queue by then", async () => {
    const { trips, ids, dependents } = await commit(writeOutput);
    expect(await statusesOf(ids)).toEqual(new Set([TaskStatus.COMPLETED]));
    expect(await statusesOf(dependents)).toEqual(new Set([TaskStatus.SUBMITTED]));
    expect(untilFinal(trips)).toSatisfy(atMost(5));
    expect(untilFinal(trips).flat()).toContain("queue.publish");
    expect(trips).toSatisfy(atMost(1 + 5));
  });

  it("are at most six for tasks that are retried, until their successors are on the queue", async () => {
    const { trips, ids } = await commit(() => ({ outcome: "retried", error: "", crashed: false }));
    expect(await statusesOf(ids)).toEqual(new Set([TaskStatus.RETRIED]));
    expect(untilFinal(trips)).toSatisfy(atMost(6));
    expect(trips.slice(0, -1).flat()).toContain("queue.publish");
  });

  it("are at most nine for tasks that make results and subtasks", async () => {
    const { trips, ids } = await commit(delegate);
    expect(await statusesOf(ids)).toEqual(new Set([TaskStatus.COMPLETED]));
    expect(untilFinal(trips)).toSatisfy(atMost(9));
  });
});
