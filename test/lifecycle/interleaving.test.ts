import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestStores } from "../support/stores.ts";
import { judge } from "./interleaving/judge.ts";
import { play, type Scale, settle } from "./interleaving/play.ts";
import { createWorld, openQuickStores } from "./interleaving/world.ts";

/** Always the same seeds, and some that nobody has seen before. */
const seeds = (known: number, fresh: number): number[] => [
  ...Array.from({ length: known }, (_, i) => i + 1),
  ...Array.from({ length: fresh }, (_, i) => ((Date.now() % 2 ** 31) + i) >>> 0),
];

const LARGE: Scale = { tasks: 14, agents: 5, mortality: 0.6, nerves: 0.5 };
/** Few tasks for many agents: they meet at the same one. */
const SMALL: Scale = { tasks: 2, agents: 5, mortality: 0.2, nerves: 0.9 };

let stores: TestStores;
beforeAll(async () => {
  stores = await openQuickStores();
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
  it.each(seeds(24, 12))("in a job, seed %i", options, async (seed) => {
    expect(await complaintsOf(LARGE, seed), `seed ${seed}`).toEqual([]);
  });

  it.each(seeds(24, 12))("around a task, seed %i", options, async (seed) => {
    expect(await complaintsOf(SMALL, seed), `seed ${seed}`).toEqual([]);
  });
});
