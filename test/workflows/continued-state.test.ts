import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromContinued, toContinued } from "../../src/workflows/continued-state.ts";
import type { SessionState } from "../../src/workflows/contracts.ts";

const state = (change: Partial<SessionState>): SessionState => ({
  ...{ status: "Running", clientSubmission: true, workerSubmission: true, upTo: 9, next: 4 },
  ...{ open: [], again: [], parked: [], names: {}, tasks: 12, completed: 3, failed: 0 },
  ...change,
});

const batches = fc.array(fc.integer({ min: 1, max: 50 }));

describe("what a run leaves to the next", () => {
  it("is all it knows", () => {
    fc.assert(
      fc.property(batches, batches, batches, (open, again, parked) => {
        const before = state({ open, again, parked, names: { 7: "seven" }, lastFailure: "why" });
        expect(fromContinued(toContinued(before))).toEqual(before);
      }),
    );
  });

  it("stays under 2 kB with long names, a full window and thousands of parked batches", () => {
    const numbers = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => from + i);
    const name = "n".repeat(120);
    const full = state({
      ...{ upTo: 9_999_999, next: 9_999_999, tasks: 9e9, completed: 9e9, failed: 9e9 },
      open: numbers(1_000_000, 64),
      parked: numbers(1, 5_000),
      again: numbers(20_000, 5_000),
      names: Object.fromEntries(numbers(1, 64).map((batch) => [batch, name])),
      lastFailure: "x".repeat(320),
    });
    expect(JSON.stringify(toContinued(full)).length).toBeLessThan(2_048);
    expect(Object.keys(toContinued(full).names).length).toBeGreaterThan(5);
  });
});
