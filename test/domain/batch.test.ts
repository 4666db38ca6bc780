import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut as cutBatches, isSmallAddition as isSmall } from "../../src/domain/batch.ts";

const SINGLES = 64;
const cut = (soFar: number, n: number) => cutBatches(soFar, n, SINGLES);
const isSmallAddition = (soFar: number, n: number, singles = SINGLES) => isSmall(soFar, n, singles);

const count = fc.integer({ min: 0, max: 50_000 });

describe("cutting a submission into batches", () => {
  it("loses no task and invents none", () => {
    fc.assert(
      fc.property(count, count, (soFar, n) => {
        expect(cut(soFar, n).reduce((sum, size) => sum + size, 0)).toBe(n);
      }),
    );
  });

  it("gives each task its own batch while the session is small", () => {
    expect(cut(0, SINGLES)).toEqual(Array(SINGLES).fill(1));
    expect(cut(SINGLES - 1, 1)).toEqual([1]);
  });

  it("I7: makes so few of a session of more than a thousand that 50 events per 1,000 tasks suffice", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_001, max: 50_000 }), (n) => {
        const events = 20 + 10 * cut(0, n).length;
        expect(events / (n / 1_000)).toBeLessThanOrEqual(50);
      }),
    );
  });

  it("keeps batches of large sessions between 1 and 1,000 and their number low", () => {
    fc.assert(
      fc.property(count, fc.integer({ min: 1_000, max: 50_000 }), (soFar, n) => {
        const sizes = cut(soFar, n);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
        expect(Math.min(...sizes)).toBeGreaterThanOrEqual(1);
        expect(sizes.length).toBeLessThanOrEqual(Math.max(32, Math.ceil(n / 1_000)) + 1);
      }),
    );
  });
});

describe("a small addition", () => {
  it("joins a batch only where the session is not small, and is one batch if there is none", () => {
    expect(isSmallAddition(SINGLES, 1)).toBe(false);
    expect(isSmallAddition(SINGLES + 1, 499)).toBe(true);
    expect(isSmallAddition(SINGLES + 1, 500)).toBe(false);
    expect(isSmallAddition(5, 1, 4)).toBe(true);
    fc.assert(
      fc.property(count, count, (soFar, n) => {
        if (n > 0 && isSmallAddition(soFar, n)) expect(cut(soFar, n)).toEqual([n]);
      }),
    );
  });
});
