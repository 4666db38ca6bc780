// What clients and workers get wrong is refused by name, with the right status, and costs nobody
// else anything: after each group a normal job ends right, and all processes are the same ones.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonSdk } from "../support/python-sdk.ts";
import { PROGRAMS } from "./client.ts";
import { type RunningGrid, runPython, startGrid } from "./grid.ts";

const ASKED = ["submitter", "agent-1", "agent-2"];

let python: string;
let grid: RunningGrid;
beforeAll(async () => {
  python = await pythonSdk();
  grid = await startGrid({ worker: `exec ${python} ${join(PROGRAMS, "worker.py")}` });
}, 300_000);
afterAll(async () => {
  await grid?.[Symbol.asyncDispose]();
});

const GROUPS = {
  sessions: "refuses sessions that are not there or cannot be",
  submissions: "refuses tasks that name what they may not, and options out of range",
  results: "refuses ids of nothing",
  uploads: "refuses streams in the wrong order and to the wrong place",
  lists: "refuses pages, filters and kinds of events that are none",
  agent: "agents refuse wrong tokens, ids and subtasks, and the task may go on",
  outcomes: "what a worker announces and did not write fails its task",
  accepted: "takes what is odd and not wrong: empty lists, repeated ids, huge numbers, 1 MB names",
  hang_ups: "clients that go away in the middle, or speak no gRPC, leave nothing half done",
} as const;

describe("bad input to a whole grid", () => {
  it.each(Object.entries(GROUPS))("%s: %s", { timeout: 120_000 }, async (group) => {
    const before = grid.facts();
    await runPython(python, "bad_input.py", [grid.endpoint, group]);
    expect(grid.facts()).toEqual(before);
    // A refusal is a warning; an error would be a bug of ours.
    for (const role of ASKED) expect(grid.logOf(role)).not.toMatch(/"level":"(error|fatal)"/);
  });
});
