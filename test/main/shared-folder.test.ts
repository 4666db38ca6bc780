import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSharedFolder } from "../../src/main/dev/shared-folder.ts";

let folder: string;
let runFolder: string;
let usual: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grid-"));
  runFolder = join(folder, "run");
  usual = join(folder, "cache", "shared");
  mkdirSync(runFolder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (given?: string) => openSharedFolder({ given, runFolder, usual });

test("programs find the data of tasks in the usual place, as long as the grid runs", () => {
  const shared = open();
  writeFileSync(join(shared.path, "result"), "data");
  expect(readFileSync(join(usual, "result"), "utf8")).toBe("data");
  expect(shared.remark).toContain(`${usual}, which leads to`);
  shared[Symbol.dispose]();
  expect(lstatSync(usual, { throwIfNoEntry: false })).toBeUndefined();
});

test("a place that somebody has prepared is used, and stays", () => {
  mkdirSync(usual, { recursive: true });
  const shared = open();
  expect(shared.path).toBe(usual);
  shared[Symbol.dispose]();
  expect(existsSync(usual)).toBe(true);
});

test("the place of another grid is left to it, and the remark says what to do", () => {
  const other = join(folder, "other");
  mkdirSync(other);
  mkdirSync(join(folder, "cache"));
  symlinkSync(other, usual);
  const shared = open();
  expect(shared.path).toBe(join(runFolder, "shared"));
  expect(shared.remark).toMatch(/somebody else's.*--shared-folder DIR/);
  shared[Symbol.dispose]();
  expect(existsSync(usual)).toBe(true);
});

test("what a grid that was killed has left in the place is replaced", () => {
  mkdirSync(join(folder, "cache"));
  symlinkSync(join(folder, "gone"), usual);
  using shared = open();
  expect(shared.remark).toContain("leads to");
  expect(existsSync(usual)).toBe(true);
});

test("a place that cannot be made is no failure, and the remark says why", () => {
  writeFileSync(join(folder, "cache"), "a file");
  using shared = open();
  expect(shared.path).toBe(join(runFolder, "shared"));
  expect(shared.remark).toMatch(/cannot be made \(E[A-Z]+\)/);
});

test("what the user asks for is made and used as it is", () => {
  const given = join(folder, "mine", "deep");
  using shared = open(given);
  expect(shared.path).toBe(given);
  expect(existsSync(given)).toBe(true);
  expect(existsSync(usual)).toBe(false);
});
