import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { folderMark, removeLeftovers } from "../../src/agent/execution/leftover-folders.ts";

it("an agent that starts again removes what it left behind, and nothing of others (LF1)", () => {
  const folder = mkdtempSync(join(tmpdir(), "grid-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [ours, theirs] = [folderMark("/run/agent-1.sock"), folderMark("/run/agent-2.sock")];
  const made = [`${ours}-a`, `${ours}-b`, `${theirs}-a`, "something"].map((n) => join(folder, n));
  for (const path of made) mkdirSync(path);
  writeFileSync(join(folder, `${ours}-a`, "result"), "data");

  expect(removeLeftovers(folder, folderMark("/run/agent-1.sock"))).toBe(2);

  expect(made.map(existsSync)).toEqual([false, false, true, true]);
});
