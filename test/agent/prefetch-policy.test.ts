import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPrefetchPolicy } from "../../src/agent/intake/prefetch-policy.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { OK } from "./worker.ts";

describe("the prefetch policy", () => {
  it("PO2: is for one task at least and for `prefetch` at most, whatever ran before", () => {
    const durations = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }));
    const elapsed = fc.option(fc.double({ min: 0, max: 1e7, noNaN: true }), { nil: undefined });
    void fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), durations, elapsed, (prefetch, ran, now) => {
        const prefetchPolicy = createPrefetchPolicy(prefetch);
        for (const ms of ran) prefetchPolicy.ran(ms);
        expect(prefetchPolicy.wanted(now)).toBeGreaterThanOrEqual(1);
        expect(prefetchPolicy.wanted(now)).toBeLessThanOrEqual(prefetch);
      }),
    );
  });

  it("grows with short tasks, and is for one when they are long", () => {
    const prefetchPolicy = createPrefetchPolicy(100);
    expect(prefetchPolicy.wanted(undefined)).toBe(1);
    for (let i = 0; i < 200; i += 1) prefetchPolicy.ran(1);
    expect(prefetchPolicy.wanted(undefined)).toBe(100);
    expect(prefetchPolicy.isSaturated(0)).toBe(false);
    // The one that runs has turned out to be long.
    expect(prefetchPolicy.wanted(500)).toBe(1);
    expect(prefetchPolicy.isSaturated(500)).toBe(true);
    for (let i = 0; i < 50; i += 1) prefetchPolicy.ran(2_000);
    expect(prefetchPolicy.wanted(undefined)).toBe(1);
    expect(prefetchPolicy.isSaturated(undefined)).toBe(false);
    prefetchPolicy.forget();
    expect(prefetchPolicy.isSaturated(0)).toBe(true);
  });
});

describe("an agent", () => {
  const grid = freshGrid();

  it("PO2: holds no more tasks than it may take ahead, however short they are", async () => {
    const release = gate();
    let isStuck = false;
    await using pair = await openPair(grid(), {
      settings: { prefetch: 3 },
      behaviour: async () => {
        if (isStuck) await release.promise;
        return OK;
      },
    });
    const session = await grid().newSession();
    for (let i = 0; i < 20; i += 1) {
      const { id } = await submitOne(grid(), {}, session);
      await reaches(grid(), id, TaskStatus.COMPLETED);
    }
    isStuck = true;
    const ids = [];
    for (let i = 0; i < 12; i += 1) ids.push((await submitOne(grid(), {}, session)).id);
    await reaches(grid(), ids[0] as never, TaskStatus.PROCESSING);
    const inStatus = async (status: TaskStatus) =>
      (await grid().stores.tables.tasks.inSession(session, [status], 100)).length;
    expect(await inStatus(TaskStatus.DISPATCHED)).toBeLessThanOrEqual(3);
    expect(pair.agent.taskIds().length).toBeLessThanOrEqual(4);
    release.resolve();
    for (const id of ids) await reaches(grid(), id, TaskStatus.COMPLETED);
  });
});
