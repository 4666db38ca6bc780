import { expect, it, vi } from "vitest";
import { TaskStatus } from "../../src/domain/status.ts";
import { openStores } from "./grid.ts";
import { type DatabaseName, holdLock } from "./lock.ts";
import { openPair } from "./pair.ts";
import { freshGrid, reaches } from "./scene.ts";
import { OK } from "./worker.ts";

const grid = freshGrid();
const COUNT = 30;

it.each<DatabaseName>(["table", "queue", "objects"])(
  "loses no task and runs none twice while writes to the %s store wait",
  async (name) => {
    const runs = new Map<string, number>();
    await using stores = await openStores(grid().folder);
    await using pair = await openPair(grid(), {
      stores,
      behaviour: async (job) => {
        const { taskId, expectedOutputKeys } = job.request;
        runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
        await job.output(expectedOutputKeys[0] ?? "", "made");
        return OK;
      },
    });
    const session = await grid().newSession();
    const [payload, ...outputs] = await grid().newResults(session, [
      "payload",
      ...Array.from({ length: COUNT }, () => undefined),
    ]);
    const ids = await grid().submit(
      session,
      outputs.map((output) => ({ payloadId: payload, outputs: [output] })),
    );
    await vi.waitFor(() => expect(runs.size).toBeGreaterThan(2));
    {
      using _lock = holdLock(grid().folder, name);
      const before = (await grid().stores.tables.agents.list())[0]?.heartbeats ?? 0;
      if (name === "table") await expect.poll(() => pair.agent.taskIds().length).toBeGreaterThan(0);
      else {
        // The lease is renewed all the same.
        const heartbeats = async () =>
          (await grid().stores.tables.agents.list())[0]?.heartbeats ?? 0;
        await vi.waitFor(async () => expect(await heartbeats()).toBeGreaterThan(before + 5));
      }
    }
    for (const id of ids) await reaches(grid(), id, TaskStatus.COMPLETED);
    expect([...runs.values()]).toEqual(ids.map(() => 1));
    for (const output of outputs) expect((await grid().result(output)).text).toBe("made");
  },
);
