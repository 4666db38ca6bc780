import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { GridError } from "../../src/domain/errors.ts";
import { collectOrphans } from "../../src/lifecycle/orphans.ts";
import { openCreator } from "../../src/submitter/creator.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { openStores, type TestStores } from "../support/stores.ts";

const log = createLogger({ level: "silent", role: "test" });

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

async function newTask() {
  const session = await stores.newSession();
  const output = await stores.newResult(session);
  return stores.newTask(session, { expectedOutputIds: [output] });
}

it("CR1: what a live creator stored is not collected, however old; a dead one's is", async () => {
  const creator = await openCreator({ stores, log }, { ttlMs: 2_000, everyMs: 50 });
  const { tasks } = stores.tables;
  await tasks.create([await newTask()], { creator: creator.id });
  await sleep(2_500);
  expect(await collectOrphans(stores, 0)).toBe(0);
  await creator[Symbol.asyncDispose]();
  expect(await collectOrphans(stores, 60_000)).toBe(0);
  expect(await collectOrphans(stores, 0)).toBe(1);
});

it("CR2: takes back what a failed call stored, as soon as the store is there again", async () => {
  const { tables } = stores;
  let away = true;
  const transfer: typeof tables.results.transfer = async (moves) => {
    if (away) throw new GridError("DEPENDENCY_UNAVAILABLE", "for this test");
    await tables.results.transfer(moves);
  };
  const flaky = { ...stores, tables: { ...tables, results: { ...tables.results, transfer } } };
  await using creator = await openCreator({ stores: flaky, log }, { everyMs: 20 });
  for (const error of [new GridError("DEPENDENCY_UNAVAILABLE", "away"), new Error("other")]) {
    away = true;
    const task = await newTask();
    const [output] = task.expectedOutputIds;
    if (!output) throw new Error("no output");
    const ownerOf = async () => (await tables.results.get([output]))[0]?.ownerTaskId;
    await tables.tasks.create([task], { creator: creator.id });
    await tables.results.claim([{ resultId: output, taskId: task.taskId }]);
    await creator.takeBack([task], error);
    await sleep(60);
    expect(await ownerOf()).toBe(task.taskId);
    away = false;
    await vi.waitFor(async () => expect(await ownerOf()).toBe(""), { timeout: 60_000 });
    await vi.waitFor(
      async () => expect(await tables.tasks.accept([task.taskId])).toEqual([false]),
      { timeout: 60_000 },
    );
  }
});
