// What one no-op task costs the grid in one large session, against sessions of 1,000.
import type { BenchGrid } from "../support/grid.ts";
import { count, FULL, type Work } from "../support/work.ts";
import { runNoOps } from "./no-op.ts";

/** Size of the large session. */
export const LARGEST = Number(process.env["BENCH_LARGEST"] ?? 100_000);
const SMALL = 1_000;
const SMALL_SESSIONS = 20;

/** Milliseconds of CPU per task. */
async function costPerTask(grid: BenchGrid, size: number, sessions: number): Promise<number> {
  const before = grid.cpuSeconds();
  for (let i = 0; i < sessions; i++) await runNoOps(grid.client, size);
  return ((grid.cpuSeconds() - before) / (size * sessions)) * 1_000;
}

export const growth: Work = {
  key: "growth",
  extra: true,
  on: "running grid",
  async run(grid, tasks) {
    const largest = Math.ceil((LARGEST * tasks) / FULL);
    await runNoOps(grid.client, SMALL);
    const small = await costPerTask(grid, SMALL, SMALL_SESSIONS);
    const large = await costPerTask(grid, largest, 1);
    const of = { small: `sessions of ${count(SMALL)}`, large: `one session of ${count(largest)}` };
    const cost = { unit: "ms", better: "less" } as const;
    return [
      { ...cost, title: `CPU per task, ${of.small}, alone`, value: small },
      { ...cost, title: `CPU per task, ${of.large}, alone`, value: large },
      {
        title: `CPU per task, ${of.large}, in those of ${of.small}`,
        unit: "×",
        better: "less",
        target: { limit: 1.2 },
        value: large / small,
      },
    ];
  },
};
