// Clocks that differ by minutes decide nothing: ages are the store's.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonSdk } from "../support/python-sdk.ts";
import { findShiftedClock } from "../support/shifted-clock.ts";
import { executions } from "./executions.ts";
import { runPython } from "./grid.ts";
import { type Roles, startRoles } from "./roles.ts";

const shifted = findShiftedClock();

/** In which what one stores is minutes old, or of the future, to others. */
const SHIFTS: Readonly<Record<string, number>> = {
  submitter: -90_000,
  orchestrator: 90_000,
  "orchestrator 2": -90_000,
  "agent of default": 90_000,
  "agent of tcp": -90_000,
};
const TASKS = 100;
/** What an orchestrator says when it takes something for lost, dead or abandoned. */
const MISTAKEN = /lost tasks|forgotten tasks|orphaned tasks|is dead/;

describe.skipIf(!shifted)("roles whose clocks are off by 90 s, in both directions", () => {
  const log = join(tmpdir(), `grid-executions-${process.pid}`);
  let python: string;
  let roles: Roles;
  beforeAll(async () => {
    python = await pythonSdk();
    roles = await startRoles(python, {
      orchestrators: 2,
      envOf: (role) => shifted?.(SHIFTS[role] ?? 0) ?? {},
      executionsLog: log,
    });
  }, 300_000);
  afterAll(async () => {
    await roles?.[Symbol.asyncDispose]();
    rmSync(log, { force: true });
  });

  it("run each task once, and take nothing for lost, dead or abandoned", async () => {
    const { endpoint } = roles;
    await Promise.all(
      ["default", "tcp"].map((partition) =>
        runPython(python, "steady.py", [endpoint, partition, `${TASKS}`, "0.1"]),
      ),
    );
    const ran = executions(log).map(({ taskId }) => taskId);
    expect(ran).toHaveLength(2 * TASKS);
    expect(new Set(ran).size).toBe(2 * TASKS);
    expect(roles.said().filter((line) => MISTAKEN.test(line))).toEqual([]);
  }, 120_000);
});
