// Many short outages of every kind, while tasks with subtasks run.
import { renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { FINAL_TASK_STATUSES, TaskStatus } from "../../src/domain/status.ts";
import { toMessage } from "../../src/lifecycle/dispatch.ts";
import { limitFileSize } from "../support/file-size-limit.ts";
import { openStores, PARTITION } from "./grid.ts";
import { holdLock } from "./lock.ts";
import { openPair } from "./pair.ts";
import { freshGrid } from "./scene.ts";
import { type Behaviour, OK } from "./worker.ts";

const grid = freshGrid();
const COUNT = 400;
const ROUNDS = 12;

const runs = new Map<string, number>();

/** Writes its outputs, one in three of them too large for a row, and hands one in five to a subtask. */
const behaviour: Behaviour = async (job) => {
  const { taskId, expectedOutputKeys, communicationToken, payloadId } = job.request;
  // Work enough for all rounds.
  await sleep(15);
  runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
  const [output = ""] = expectedOutputKeys;
  const n = Number.parseInt(output.slice(0, 6), 16);
  const isRoot = (job.request.taskOptions?.options["subtask"] ?? "") === "";
  if (isRoot && n % 5 === 0) {
    const { results } = await job.agent.createResults({
      communicationToken,
      results: [{ name: "made", data: Buffer.from("made") }],
    });
    const made = results[0]?.resultId ?? "";
    const taskCreations = [
      {
        ...{ payloadId, dataDependencies: [made], expectedOutputKeys: [output] },
        taskOptions: { ...job.request.taskOptions, options: { subtask: "yes" } },
      },
    ];
    await job.agent.submitTasks({ communicationToken, taskCreations });
  } else await job.output(output, n % 3 === 0 ? "x".repeat(70_000) : "small");
  return OK;
};

/** One outage; some are seen by writers only, some by readers too. */
async function breakSomething(round: number): Promise<void> {
  const data = join(grid().folder, "data");
  const ms = 100 + 70 * round;
  switch (round % 4) {
    case 0: {
      using _lock = holdLock(grid().folder, round % 8 === 0 ? "table" : "queue");
      return sleep(ms);
    }
    case 1: {
      using _full = limitFileSize(75_000);
      return sleep(ms);
    }
    case 2:
      renameSync(data, `${data}-aside`);
      await sleep(ms);
      return renameSync(`${data}-aside`, data);
    default:
      renameSync(join(data, "objects"), join(data, "aside"));
      await sleep(ms);
      return renameSync(join(data, "aside"), join(data, "objects"));
  }
}

/** As supervision does: a task whose message was lost with an outage is published again. */
async function republish(session: SessionId): Promise<void> {
  const { tables, queue } = grid().stores;
  if ((await queue.depth(PARTITION))?.waiting !== 0) return;
  const tasks = await tables.tasks.inSession(session, [TaskStatus.SUBMITTED], 1_000);
  await queue.publish(tasks.map(toMessage));
}

const isRepeat = ({ msg }: Record<string, unknown>) => msg === "failed, will be repeated";

it("commits every task once through outages of every kind", async () => {
  runs.clear();
  await using one = await openStores(grid().folder);
  await using two = await openStores(grid().folder);
  const { tables } = grid().stores;
  const session = await grid().newSession();
  const names = Array.from({ length: COUNT }, () => undefined);
  const [payload, ...outputs] = await grid().newResults(session, ["payload", ...names]);
  await using first = await openPair(grid(), { stores: one, behaviour });
  await using second = await openPair(grid(), { stores: two, behaviour });
  await grid().submit(
    session,
    outputs.map((output) => ({ payloadId: payload, outputs: [output] })),
  );
  for (let round = 0; round < ROUNDS; round++) {
    await breakSomething(round);
    await sleep(50);
  }
  await vi.waitFor(
    async () => {
      await republish(session);
      const open = Object.values(TaskStatus).filter((s) => !FINAL_TASK_STATUSES.includes(s));
      expect(await tables.tasks.inSession(session, open, 1)).toEqual([]);
    },
    { timeout: 60_000, interval: 100 },
  );
  const repeats = [first, second].map((pair) => pair.lines.filter(isRepeat).length);
  for (const count of repeats) expect(count).toBeGreaterThan(ROUNDS / 2);
  const lines = [...first.lines, ...second.lines];
  const done = await tables.tasks.inSession(session, FINAL_TASK_STATUSES, 10_000);
  const failed = done.filter(({ status }) => status !== TaskStatus.COMPLETED);
  expect(failed.map(({ taskId, commit }) => ({ taskId, commit }))).toEqual([]);
  for (const output of outputs) expect((await grid().result(output)).text).toMatch(/^(x+|small)$/);
  expect(lines.filter(({ level }) => level === "fatal" || level === "error")).toEqual([]);
  expect([...runs.values()].filter((n) => n !== 1)).toEqual([]);
}, 120_000);
