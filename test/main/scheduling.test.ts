import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTableStorage } from "../../src/adaptors/table-storage.ts";
import { DEFAULT_SCHEDULING } from "../../src/domain/scheduling.ts";
import { agreeOnScheduling } from "../../src/lifecycle/scheduling.ts";
import { runGrid } from "../support/grid-command.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();

/** A grid's folder, with a scheduling that somebody chose at its first start. */
async function someGrid() {
  const cwd = mkdtempSync(join(folder(), "grid-"));
  await using tables = await openTableStorage({ driver: "embedded", path: join(cwd, ".grid") });
  await agreeOnScheduling(tables.settings, { window: 32, leaseMs: 5_000 });
  return (args: string[], env: Record<string, string> = {}) => runGrid(args, { cwd, env });
}

test("a role that starts with another scheduling than the grid's refuses, and names both", async () => {
  const grid = await someGrid();
  for (const role of ["submitter", "orchestrator", "agent"]) {
    const { code, err } = await grid([role], {
      Scheduling__Window: "16",
      Scheduling__LeaseMs: "5000",
      Pollster__PartitionId: "default",
    });
    expect(code).toBe(1);
    expect(err).toContain("Scheduling__Window is 16 here, and 32 in this grid");
    expect(err).not.toContain("Scheduling__LeaseMs is");
  }
});

test("a role that says nothing takes the grid's scheduling", async () => {
  const cwd = mkdtempSync(join(folder(), "grid-"));
  await using tables = await openTableStorage({ driver: "embedded", path: cwd });
  await agreeOnScheduling(tables.settings, { window: 32 });
  expect(await agreeOnScheduling(tables.settings, {})).toEqual({
    ...DEFAULT_SCHEDULING,
    window: 32,
  });
});

test("a person sees the grid's scheduling, and stores another", async () => {
  const grid = await someGrid();
  expect((await grid(["scheduling"])).out).toMatch(/^window +32$/m);
  const stored = await grid(["scheduling", "--store"], { Scheduling__Window: "16" });
  expect(stored.code).toBe(0);
  const { out } = await grid(["scheduling"], { Scheduling__Window: "32" });
  expect(out).toMatch(/^window +16$/m);
  expect(out).toMatch(/^leaseMs +5000$/m);
});
