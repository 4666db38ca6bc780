import { expect, it, vi } from "vitest";
import { TaskStatus } from "../../src/domain/status.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { OK } from "./worker.ts";

const grid = freshGrid();

/** Stores whose `agents.heartbeat` fails while it is told to. */
function withBeats() {
  const { stores } = grid();
  const { agents } = stores.tables;
  const heartbeats = { away: false, failed: 0 };
  const heartbeat: typeof agents.heartbeat = async (agent) => {
    if (!heartbeats.away) return await agents.heartbeat(agent);
    heartbeats.failed += 1;
    throw new Error("the store is away");
  };
  return {
    heartbeats,
    stores: { ...stores, tables: { ...stores.tables, agents: { ...agents, heartbeat } } },
  };
}

it("AG1: says that it lives before it takes anything", async () => {
  const { heartbeats, stores } = withBeats();
  heartbeats.away = true;
  const { id } = await submitOne(grid());
  await using _pair = await openPair(grid(), { behaviour: async () => OK, stores });
  await vi.waitFor(() => expect(heartbeats.failed).toBeGreaterThan(2));
  expect((await grid().task(id)).status).toBe(TaskStatus.SUBMITTED);
  expect(await grid().stores.queue.depth("default" as never)).toEqual({ waiting: 1 });
  heartbeats.away = false;
  await reaches(grid(), id, TaskStatus.COMPLETED);
});

it("HB1: goes on with its tasks while it cannot heartbeat, and heartbeats again", async () => {
  const { heartbeats, stores } = withBeats();
  const started = gate();
  const release = gate();
  const options = {
    stores,
    behaviour: async () => {
      started.resolve();
      await release.promise;
      return OK;
    },
  };
  await using pair = await openPair(grid(), options);
  const { id } = await submitOne(grid());
  await started.promise;
  heartbeats.away = true;
  await vi.waitFor(() => expect(heartbeats.failed).toBeGreaterThan(3));
  release.resolve();
  await reaches(grid(), id, TaskStatus.COMPLETED);
  const counter = async () => (await grid().stores.tables.agents.list())[0]?.heartbeats ?? 0;
  const before = await counter();
  heartbeats.away = false;
  await vi.waitFor(async () => expect(await counter()).toBeGreaterThan(before));
  expect(pair.lines.filter(({ msg }) => msg === "heartbeat failed").length).toBeGreaterThan(3);
});
