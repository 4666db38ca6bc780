// Outages that the stores themselves give up waiting for, and those that reads see too.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { type ResultId, type TaskId, taskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { errorOf } from "../../src/domain/task.ts";
import { recoverFrom } from "../../src/lifecycle/recover.ts";
import { openStores } from "./grid.ts";
import { type DatabaseName, holdLock } from "./lock.ts";
import { openPair, type Pair } from "./pair.ts";
import { freshGrid, reaches } from "./scene.ts";
import { type Job, OK } from "./worker.ts";

const grid = freshGrid();
const NAMES: readonly DatabaseName[] = ["table", "queue", "objects"];
/** An embedded store waits 30 s for a lock. */
const LONGER_THAN_PATIENCE_MS = 33_000;

const complaints = ({ lines }: Pair) => lines.filter(({ level }) => level === "warn").length;

async function submitMany(count: number) {
  const session = await grid().newSession();
  const names = Array.from({ length: count }, () => undefined);
  const [payload, ...outputs] = await grid().newResults(session, ["payload", ...names]);
  const tasks = outputs.map((output) => ({ payloadId: payload, outputs: [output] }));
  return { session, outputs, ids: await grid().submit(session, tasks) };
}

/** Writes its output, and counts the runs of each task. */
function counting() {
  const runs = new Map<string, number>();
  const behaviour = async (job: Job) => {
    const { taskId, expectedOutputKeys } = job.request;
    runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
    await job.output(expectedOutputKeys[0] ?? "", "made");
    return OK;
  };
  return { runs, behaviour };
}

it("loses no task and runs none twice in an outage longer than any store's patience", async () => {
  const { runs, behaviour } = counting();
  await using stores = await openStores(grid().folder);
  await using pair = await openPair(grid(), { stores, behaviour });
  const { ids, outputs } = await submitMany(100);
  await vi.waitFor(() => expect(runs.size).toBeGreaterThan(2));
  const locks = NAMES.map((name) => holdLock(grid().folder, name));
  await sleep(LONGER_THAN_PATIENCE_MS);
  expect(complaints(pair)).toBeGreaterThan(0);
  expect(complaints(pair)).toBeLessThan(20);
  for (const lock of locks) lock[Symbol.dispose]();
  for (const id of ids)
    expect(await reaches(grid(), id, TaskStatus.COMPLETED)).toMatchObject({ crashCount: 0 });
  expect([...runs.values()]).toEqual(ids.map(() => 1));
  for (const output of outputs) expect((await grid().result(output)).text).toBe("made");
  expect(pair.lines.filter(({ msg }) => msg === "commit refused")).toEqual([]);
}, 120_000);

it("stops in time though a store is away, and leaves what it held to others", async () => {
  const { runs, behaviour } = counting();
  const settings = { graceDelayMs: 100 };
  const stores = await openStores(grid().folder);
  await using pair = await openPair(grid(), { stores, behaviour, settings });
  const { ids } = await submitMany(200);
  await vi.waitFor(() => expect(runs.size).toBeGreaterThan(2));
  const lock = holdLock(grid().folder, "table");
  await vi.waitFor(() => expect(pair.agent.taskIds().length).toBeGreaterThan(0));
  const start = performance.now();
  await pair.stop();
  await stores[Symbol.asyncDispose]();
  // The last commit may take 5 s, the last heartbeat as long, closing a store 2 s.
  expect(performance.now() - start).toBeLessThan(20_000);
  lock[Symbol.dispose]();
  await recoverFrom(grid().stores, pair.agentId);
  await using _next = await openPair(grid(), { behaviour });
  const last = ids.map((id) =>
    vi.waitFor(async () => {
      const [retry] = await grid().stores.tables.tasks.get([`${id}###1` as typeof id]);
      const task = await grid().task(id);
      expect((retry ?? task).status).toBe(TaskStatus.COMPLETED);
    }, 40_000),
  );
  await Promise.all(last);
}, 120_000);

it("does not fail a task whose large input is out of reach for a while", async () => {
  const { runs, behaviour } = counting();
  const session = await grid().newSession();
  const [payload, output] = await grid().newResults(session, ["x".repeat(100_000), undefined]);
  const [objects, aside] = ["objects", "aside"].map((name) => join(grid().folder, "data", name));
  renameSync(objects ?? "", aside ?? "");
  await using pair = await openPair(grid(), { behaviour });
  const [id] = await grid().submit(session, [{ payloadId: payload, outputs: [output] }]);
  // Beyond the tries that other failures get.
  await vi.waitFor(() => expect(complaints(pair)).toBeGreaterThan(6));
  expect((await grid().task(id)).status).toBe(TaskStatus.DISPATCHED);
  renameSync(aside ?? "", objects ?? "");
  expect(await reaches(grid(), id, TaskStatus.COMPLETED)).toMatchObject({ attempt: 1 });
  expect(runs.get(id)).toBe(1);
});

it("lets the worker wait while the tables are out of reach", async () => {
  const session = await grid().newSession();
  const [payload, other] = await grid().newResults(session, ["p", undefined]);
  const data = join(grid().folder, "data");
  let waited = false;
  await using pair = await openPair(grid(), {
    behaviour: async (job) => {
      renameSync(data, `${data}-aside`);
      await expect
        .poll(() =>
          grid()
            .stores.tables.ping()
            .catch(() => "away"),
        )
        .toBe("away");
      const back = vi
        .waitFor(() => {
          expect(pair.lines.some(({ what }) => what === "find results")).toBe(true);
        }, 15_000)
        .finally(() => renameSync(`${data}-aside`, data));
      await job.output(other, "in the end");
      waited = true;
      await back;
      return OK;
    },
  });
  const [id] = await grid().submit(session, [{ payloadId: payload }]);
  expect(await reaches(grid(), id, TaskStatus.COMPLETED)).toMatchObject({ attempt: 1 });
  expect(waited).toBe(true);
  expect((await grid().result(other)).text).toBe("in the end");
});

it("gives back what its own disk has no room for, without using a retry", async () => {
  const { runs, behaviour } = counting();
  await using pair = await openPair(grid(), { behaviour });
  const { cacheFolder } = pair;
  renameSync(cacheFolder, `${cacheFolder}-aside`);
  writeFileSync(cacheFolder, "in the way");
  const { ids } = await submitMany(3);
  await vi.waitFor(
    () =>
      expect(pair.lines.filter(({ msg }) => msg === "task given back").length).toBeGreaterThan(6),
    20_000,
  );
  renameSync(`${cacheFolder}-aside`, `${cacheFolder}-back`);
  renameSync(cacheFolder, `${cacheFolder}-file`);
  renameSync(`${cacheFolder}-back`, cacheFolder);
  for (const id of ids) await reaches(grid(), id, TaskStatus.COMPLETED);
  expect([...runs.keys()].toSorted()).toEqual(ids.toSorted());
});

it("does not wait for ever for an output that vanished before it could be stored", async () => {
  const data = join(grid().folder, "data");
  const [objects, aside] = [join(data, "objects"), join(data, "aside")];
  let calls = 0;
  await using pair = await openPair(grid(), {
    behaviour: async (job) => {
      calls += 1;
      const [output = ""] = job.request.expectedOutputKeys;
      await job.output(output, "x".repeat(100_000));
      if (calls > 1) return OK;
      renameSync(objects, aside);
      const file = join(job.request.dataFolder, output);
      void vi
        .waitFor(() => expect(pair.lines.some(isStoring)).toBe(true), 10_000)
        .then(() => rmSync(file))
        .finally(() => renameSync(aside, objects));
      return OK;
    },
  });
  const isStoring = ({ what }: Record<string, unknown>) => what === "store outputs";
  const { ids, outputs } = await submitMany(1);
  const [id] = ids as [TaskId];
  const first = await reaches(grid(), id, TaskStatus.RETRIED);
  expect(errorOf(first)).toMatch(/^Outputs could not be stored: ENOENT/);
  await reaches(grid(), taskId(`${id}###1`), TaskStatus.COMPLETED);
  expect((await grid().result(outputs[0] as ResultId)).text).toHaveLength(100_000);
});
