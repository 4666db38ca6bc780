import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { judge } from "./interleaving/judge.ts";
import { play, type Scale, settle } from "./interleaving/play.ts";
import { createWorld, openWorldStores, type WorldStores } from "./interleaving/world.ts";

// Who is next is chance, not the clock: a pause before another try takes a turn of the event loop.
vi.mock("node:timers/promises", async (importOriginal) => {
  const timers = await importOriginal<typeof import("node:timers/promises")>();
  return { ...timers, setTimeout: () => timers.setImmediate() };
});

/** So many seeds in place of the usual ones: `SEEDS=2000`, or `SEEDS=7-7` for the seventh alone. */
const asked = /^(?:(\d+)-)?(\d+)$/.exec(process.env["SEEDS"] ?? "");

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Always the same, and some that nobody has seen before. */
const usual = (): number[] => {
  const fresh = Date.now() % 2 ** 31;
  return [...range(1, 38), ...range(fresh, fresh + 11)];
};

const seeds = asked ? range(Number(asked[1] ?? 1), Number(asked[2])) : usual();

const MISHAPS = { death: 0.005, outage: 0.03 };
const SLOW = {
  ...{ pauses: 2, patience: 80 },
  endings: [undefined, undefined, undefined, "Cancelled", "Closed"],
} as const;
const JOB = { inputs: 1.6, agents: 5, mishaps: MISHAPS, operator: SLOW };
const LARGE: Scale = { ...JOB, tasks: 14, mortality: 0.6, nerves: 0.5 };
/** Few tasks for many agents: they meet at the same one. */
const SMALL: Scale = { ...JOB, tasks: 2, mortality: 0.2, nerves: 0.9 };
/** Commands follow each other while many tasks are on their way to few agents. */
const HECTIC: Scale = {
  ...{ tasks: 24, inputs: 0.2, agents: 3, mortality: 0.2, nerves: 0.3, mishaps: MISHAPS },
  operator: { pauses: 8, patience: 5, endings: [undefined, "Cancelled", "Closed"] },
};

let stores: WorldStores;
beforeAll(async () => {
  stores = await openWorldStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

async function complaintsOf(scale: Scale, seed: number): Promise<string[]> {
  const world = await createWorld(stores, seed);
  try {
    await settle(world, await play(world, scale), { mortal: 6 });
    const complaints = await judge(world);
    if (complaints.length > 0) process.stderr.write(`${world.turns.trace.join("\n")}\n`);
    return complaints;
  } finally {
    rmSync(world.folder, { recursive: true, force: true });
  }
}

describe("I1–I6 hold whoever dies whenever, and whatever overlaps", () => {
  const options = { timeout: 120_000, retry: 0 };
  it.each(seeds)("in a job, seed %i", options, async (seed) => {
    expect(await complaintsOf(LARGE, seed), `seed ${seed}`).toEqual([]);
  });

  it.each(seeds)("around a task, seed %i", options, async (seed) => {
    expect(await complaintsOf(SMALL, seed), `seed ${seed}`).toEqual([]);
  });

  it.each(seeds)("under an operator's hands, seed %i", options, async (seed) => {
    expect(await complaintsOf(HECTIC, seed), `seed ${seed}`).toEqual([]);
  });
});
