// What one no-op task costs in sessions of different sizes: CPU of the grid's processes. Milliseconds.
import type { BenchClient } from "../support/client.ts";
import { noOp } from "./no-op.ts";

/** `cpu` answers the CPU seconds of all of the grid's processes so far. */
export async function costPerTask(
  client: BenchClient,
  { size, sessions, cpu }: { size: number; sessions: number; cpu: () => number },
): Promise<number> {
  const before = cpu();
  for (let i = 0; i < sessions; i++) await noOp(client, size);
  return ((cpu() - before) / (size * sessions)) * 1_000;
}
