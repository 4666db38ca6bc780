// Tasks that never return take their worker out of service for a while, and not for ever.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startOf } from "../../src/main/dev/process-state.ts";
import { pythonSdk } from "../support/python-sdk.ts";
import { PROGRAMS } from "./client.ts";
import { type RunningGrid, runPython, startGrid } from "./grid.ts";

let folder: string;
let python: string;
let grid: RunningGrid;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "grid-e2e-"));
  python = await pythonSdk();
  // Each worker has a child that would outlive it, as a pool of processes does.
  const worker = `sleep 3600 & echo $! >> ${join(folder, "children")}; exec ${python} ${join(PROGRAMS, "worker.py")}`;
  grid = await startGrid({ worker });
}, 300_000);
afterAll(async () => {
  await grid?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const children = async (): Promise<number[]> =>
  (await readFile(join(folder, "children"), "utf8")).trim().split("\n").map(Number);

it.each([
  ["time out", "timeout"],
  ["are cancelled", "cancel"],
])(
  "two tasks that sleep for an hour: they %s, and ten others complete",
  async (_, how) => {
    const before = { first: grid.pid("worker-1"), second: grid.pid("worker-2") };
    const started = (await children()).length;
    await runPython(python, "hour_sleepers.py", [grid.endpoint, how]);
    // Both are started anew, with all that they had started.
    await vi.waitFor(async () => {
      expect(grid.pid("worker-1")).not.toBe(before.first);
      expect(grid.pid("worker-2")).not.toBe(before.second);
      const all = await children();
      expect(all.length).toBe(started + 2);
      expect(all.slice(0, -2).map(startOf)).toEqual(all.slice(0, -2).map(() => undefined));
    });
    expect(grid.logOf("agent-1")).toMatch(/^The worker at \S+ has not served for 1[0-2]/m);
  },
  120_000,
);
