import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runGrid } from "../support/grid-command.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grid-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each(["submitter", "orchestrator", "agent"])("%s reads the file it is given", async (role) => {
  writeFileSync(join(folder, "grid.yaml"), "log: { level: loud }");
  const { code, err } = await runGrid([role, "--config", "grid.yaml"], { cwd: folder });
  expect(code).toBe(1);
  expect(err).toContain("at log.level, from grid.yaml");
  expect(err).not.toContain(".ts:");
});

test("a folder that cannot be used is named without a stack, and where to look", async () => {
  writeFileSync(join(folder, "file"), "");
  const env = { TableStorage__Path: join(folder, "file") };
  const { code, err } = await runGrid(["submitter"], { cwd: folder, env });
  expect(code).toBe(1);
  expect(err).toMatch(/^Cannot start: .*file'\. `grid doctor` tells which setting names it\.\n$/);
});

test("a role's help says where its settings come from", async () => {
  const { out } = await runGrid(["agent", "--help"], { cwd: folder });
  expect(out).toContain("--config");
  expect(out).toContain("docs/configuration.md");
  expect(out).toContain("ARMONIK_CONFIG");
});

test.each([
  [["dev", "--port", "far"], "number from 0 to 65535"],
  [["dev", "--agents", "0"], "number from 1 to 999"],
  [["dev", "--partitions", "a,a"], "different names"],
  [["agnet"], "Did you mean agent?"],
])("%s is refused with what is wrong", async (args, reason) => {
  const { code, err } = await runGrid(args, { cwd: folder });
  expect(code).toBe(1);
  expect(err).toContain(reason);
});
