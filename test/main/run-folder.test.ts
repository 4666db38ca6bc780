import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findMemoryFolder } from "../../src/main/dev/memory-folder.ts";
import { makeRunFolder, removeStaleRunFolders } from "../../src/main/dev/run-folder.ts";

const longestName = "worker-1.sock";

let folder: string;
let memoryFolder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grid-"));
  memoryFolder = join(folder, "memory");
  mkdirSync(memoryFolder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the run folder", () => {
  test("is in the data folder, and empty at each start", () => {
    const wish = { dataFolder: folder, longestName, temporaryFolder: tmpdir() };
    const first = makeRunFolder(wish);
    expect(first).toBe(join(folder, "run"));
    writeFileSync(join(first, longestName), "stale");
    expect(makeRunFolder(wish)).toBe(first);
    expect(existsSync(join(first, longestName))).toBe(false);
  });

  test("is in memory where there is room", () => {
    const wish = { dataFolder: folder, longestName, memoryFolder, temporaryFolder: tmpdir() };
    expect(dirname(makeRunFolder(wish))).toBe(memoryFolder);
  });

  test("is not in a memory that is too small, or not there", () => {
    expect(findMemoryFolder(folder, Number.MAX_SAFE_INTEGER)).toBeUndefined();
    expect(findMemoryFolder(join(folder, "missing"))).toBeUndefined();
    expect(findMemoryFolder(folder, 1)).toBe(folder);
  });

  test("is elsewhere when paths of sockets would be too long", () => {
    const dataFolder = join(folder, "d".repeat(100));
    mkdirSync(dataFolder);
    const found = makeRunFolder({ dataFolder, longestName, temporaryFolder: folder });
    expect(dirname(found)).toBe(folder);
    expect(Buffer.byteLength(join(found, longestName))).toBeLessThan(104);
  });

  test("cannot be where everything is too long, counted in bytes", () => {
    const deep = join(folder, "ü".repeat(50));
    mkdirSync(deep);
    expect(() => makeRunFolder({ dataFolder: deep, longestName, temporaryFolder: deep })).toThrow(
      /bytes more than the system allows .* Choose a shorter folder with --data, or set TMPDIR/,
    );
  });
});

describe("the run folder of another grid", () => {
  const make = `
    const [, module, dataFolder, memoryFolder] = process.argv;
    const { makeRunFolder } = await import(module);
    const wish = { dataFolder, longestName: "${longestName}", memoryFolder, temporaryFolder: "/" };
    process.stdout.write(makeRunFolder(wish));
    setInterval(() => undefined, 1_000);`;
  const module = join(import.meta.dirname, "../../src/main/dev/run-folder.ts");
  let owner: ChildProcessByStdio<null, Readable, null>;
  let left: string;

  beforeEach(async () => {
    const args = ["--input-type=module", "--eval", make, "--", module, folder, memoryFolder];
    owner = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    [left] = (await once(owner.stdout.setEncoding("utf8"), "data")) as [string];
    writeFileSync(join(left, "data"), "of a task");
  });
  afterEach(() => void owner.kill("SIGKILL"));

  const kill = async (): Promise<void> => {
    owner.kill("SIGKILL");
    await once(owner, "exit");
  };

  test("is left alone while that one lives, and goes once it was killed", async () => {
    await removeStaleRunFolders([memoryFolder]);
    expect(existsSync(join(left, "data"))).toBe(true);
    await kill();
    await removeStaleRunFolders([memoryFolder, join(folder, "missing")]);
    expect(readdirSync(memoryFolder)).toEqual([]);
  });

  test("is left alone while an agent or a worker that has outlived it serves", async () => {
    await kill();
    const worker = createServer().listen(join(left, longestName));
    await once(worker, "listening");
    await removeStaleRunFolders([memoryFolder]);
    expect(existsSync(join(left, "data"))).toBe(true);
    await once(worker.close(), "close");
    await removeStaleRunFolders([memoryFolder]);
    expect(readdirSync(memoryFolder)).toEqual([]);
  });

  test("is known by its name and the note in it: nothing else is touched", async () => {
    await kill();
    renameSync(left, join(memoryFolder, "grid-1"));
    for (const name of ["grid-run-empty", "grid-run-strange"]) mkdirSync(join(memoryFolder, name));
    writeFileSync(join(memoryFolder, "grid-run-strange", "owner.json"), "{}");
    await removeStaleRunFolders([memoryFolder]);
    expect(readdirSync(memoryFolder)).toHaveLength(3);
  });
});
