import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonSdk } from "../support/python-sdk.ts";
import { type RunningGrid, runPython, startGrid } from "./grid.ts";

let python: string;
let grid: RunningGrid;
beforeAll(async () => {
  python = await pythonSdk();
  const worker = join(import.meta.dirname, "programs/worker.py");
  grid = await startGrid({ worker: `${python} ${worker}` });
}, 300_000);
afterAll(async () => {
  await grid?.[Symbol.asyncDispose]();
});

const SCENARIOS = {
  chain: "a chain of 100 tasks hands its value down",
  diamond: "a diamond submitted in any order joins both ways",
  fan_in: "one task gets the results of 1,000 others",
  fan_out: "1,000 tasks get the result of one",
  late_payload: "a task waits for a payload that comes after it",
  takeover: "subtasks take over what their parent owes",
  data_sizes: "empty and 20 MB data arrive whole, both ways",
  error_output: "an error in the output is final, and fails who depends on it",
  raised_exception: "an exception is retried as often as allowed, then an error",
  deadline: "a task past its deadline times out, and its worker is used again",
  missing_output: "a result that its task left out is aborted",
  cancelled_session: "a cancelled session ends every task and every wait",
  paused_session: "a paused session starts nothing until it is resumed",
  every_wait_ends: "a wait by events ends in a result or an error for every task",
} as const;

describe("unmodified programs of the published Python SDK", () => {
  it.each(Object.entries(SCENARIOS))("%s: %s", { timeout: 120_000 }, async (name) => {
    await runPython(python, "scenarios.py", [grid.endpoint, name]);
  });

  it("what a task's code raised is in its output, from the worker's log", async () => {
    const error = await runPython(python, "scenarios.py", [grid.endpoint, "raised_exception"]);
    expect(error).toMatch(
      /\/worker-\d\.log, ends with\n[\s\S]*RuntimeError: it was asked to raise/,
    );
  }, 120_000);
});
