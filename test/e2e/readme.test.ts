import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { pythonSdk } from "../support/python-sdk.ts";
import { runProgram, startGrid } from "./grid.ts";

const README = join(import.meta.dirname, "../../README.md");

it("the README's first program runs as printed, on the built-in worker", {
  timeout: 240_000,
}, async () => {
  const python = await pythonSdk();
  const readme = await readFile(README, "utf8");
  const program = /```python\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  expect(program).toContain("127.0.0.1:5001");
  await using grid = await startGrid();
  const folder = await mkdtemp(join(tmpdir(), "readme-"));
  const file = join(folder, "first.py");
  await writeFile(file, program.replace("127.0.0.1:5001", grid.facts().submitter));
  expect(await runProgram(python, [file])).toContain("hello");
  await rm(folder, { recursive: true });
});

it("the README stays within 150 lines", async () => {
  expect((await readFile(README, "utf8")).split("\n").length).toBeLessThanOrEqual(150);
});
