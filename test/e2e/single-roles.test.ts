// A grid without `grid dev`: each role started by itself, told what to do by a file and by its
// environment, with workers on Unix sockets and on TCP.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonSdk } from "../support/python-sdk.ts";
import { runPython } from "./grid.ts";
import { type Roles, startRoles } from "./roles.ts";

let python: string;
let roles: Roles;
beforeAll(async () => {
  python = await pythonSdk();
  roles = await startRoles(python);
}, 300_000);
afterAll(async () => {
  await roles?.[Symbol.asyncDispose]();
});

const SCENARIOS = {
  takeover: "subtasks, and data of their making",
  data_sizes: "empty and 20 MB data, both ways",
  deadline: "a call that is cut off, and the next",
  raised_exception: "a call that fails, and its retries",
} as const;

describe.each([
  ["default", "Unix sockets"],
  ["tcp", "TCP"],
])("roles started one by one: partition %s, whose worker is on %s", (partition) => {
  it.each(Object.entries(SCENARIOS))("%s: %s", { timeout: 120_000 }, async (name) => {
    await runPython(python, "scenarios.py", [roles.endpoint, name, partition]);
  });
});

it("roles started one by one: each ends well when it is told to", { timeout: 60_000 }, async () => {
  expect(await roles.stop()).toEqual({
    submitter: 0,
    orchestrator: 0,
    "agent of default": 0,
    "agent of tcp": 0,
  });
});
