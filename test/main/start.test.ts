import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openDataFolder } from "../../src/main/dev/data-folder.ts";
import { endLeftovers, toNote } from "../../src/main/dev/leftovers.ts";
import { openNoteBook } from "../../src/main/dev/notes.ts";
import { findPorts } from "../../src/main/dev/ports.ts";
import { startOf } from "../../src/main/dev/process-state.ts";
import { runGrid } from "../support/grid-command.ts";

const ANY_PORTS = ["--port", "0", "--http-port", "0", "--ui-port", "0"];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grid-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** No Temporal is looked for: nothing here gets so far as to need one. */
const grid = (...args: string[]) =>
  runGrid(args, { cwd: folder, env: { TEMPORAL_CLI: process.execPath } });

async function occupy() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void (await once(server.close(), "close")) };
}

describe("the command line", () => {
  test("names every subcommand in its help", async () => {
    const { code, out } = await grid("--help");
    expect(code).toBe(0);
    for (const name of ["submitter", "orchestrator", "agent", "dev", "doctor"]) {
      expect(out).toContain(`\n  ${name}`);
    }
  });

  test("refuses what is no port, no count and no list of names", async () => {
    const refusals = await Promise.all([
      grid("dev", "--port", "70000"),
      grid("dev", "--agents", "0"),
      grid("dev", "--partitions", "a,,b"),
    ]);
    for (const { code, err } of refusals) {
      expect(code).toBe(1);
      expect(err).toMatch(/^error: option '--\w+ <\w+>' argument '.*' is invalid\. It must be/);
    }
  });

  test("prints what is wrong with the configuration, without a stack", async () => {
    writeFileSync(join(folder, "grid.yaml"), "submitter: { port: many }");
    const env = { ARMONIK_CONFIG: "grid.yaml" };
    const { code, err } = await runGrid(["submitter"], { cwd: folder, env });
    expect(err).toBe(
      "Invalid configuration\n✖ Invalid input: expected number, received string\n  → at submitter.port, from grid.yaml\n",
    );
    expect(code).toBe(1);
  });
});

describe("grid dev refuses, and says what to do", () => {
  test("a port that is in use", async () => {
    await using other = await occupy();
    const { code, err } = await grid("dev", ...ANY_PORTS, "--port", `${other.port}`);
    expect(code).toBe(1);
    expect(err).toBe(
      `Port ${other.port} is in use by another program. Choose another one with --port, or --port 0 for any free one.\n`,
    );
  });

  test("a data folder that cannot be one", async () => {
    writeFileSync(join(folder, "file"), "");
    const { code, err } = await grid("dev", "--data", "file");
    expect(code).toBe(1);
    expect(err).toMatch(
      /^The data folder \S+file cannot be written: .*\. Choose another one with --data\.\n$/,
    );
  });

  test("a data folder in which a grid runs, naming its process", async () => {
    using _ = openDataFolder(join(folder, "data"));
    const { code, err } = await grid("dev", "--data", "data");
    expect(code).toBe(1);
    expect(err).toBe(
      `A grid runs in ${join(folder, "data")} already (process ${process.pid}). Stop it first, or choose another folder with --data.\n`,
    );
  });

  test("a TEMPORAL_CLI that is no program", async () => {
    const env = { TEMPORAL_CLI: "/nowhere/temporal" };
    const { code, err } = await runGrid(["dev", ...ANY_PORTS], { cwd: folder, env });
    expect(err).toBe(
      "TEMPORAL_CLI is /nowhere/temporal, which is no program: correct or unset the variable.\n",
    );
    expect(code).toBe(1);
  });

  test("a TEMPORAL_ADDRESS at which nobody answers", async () => {
    const env = { TEMPORAL_ADDRESS: "127.0.0.1:1" };
    const { code, err } = await runGrid(["dev", ...ANY_PORTS], { cwd: folder, env });
    expect(err).toBe(
      "No Temporal server answers at 127.0.0.1:1, which TEMPORAL_ADDRESS names: start it, or unset the variable.\n",
    );
    expect(code).toBe(1);
  });
});

describe("the data folder", () => {
  test("is free again once its grid is gone, killed or not", async () => {
    const holder = spawn(
      process.execPath,
      [
        "-e",
        `const { openDataFolder } = await import(${JSON.stringify(
          join(import.meta.dirname, "../../src/main/dev/data-folder.ts"),
        )}); openDataFolder(${JSON.stringify(folder)}); console.log("held"); setInterval(() => {}, 1000);`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(holder.stdout, "data");
    expect(() => openDataFolder(folder)).toThrow(/A grid runs in/);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    openDataFolder(folder)[Symbol.dispose]();
    openDataFolder(folder)[Symbol.dispose]();
  });

  test("keeps notes from one run to the next", () => {
    openNoteBook(folder).add({ temporalPort: 7_000 });
    openNoteBook(folder).add({ processes: [] });
    expect(openNoteBook(folder).notes).toEqual({ temporalPort: 7_000, processes: [] });
  });

  test("may hold notes that were cut short", () => {
    writeFileSync(join(folder, "dev.json"), '{"temporalPort": 70');
    expect(openNoteBook(folder).notes).toEqual({});
  });
});

describe("ports", () => {
  test("that nobody chose are all different, and move away when taken", async () => {
    await using other = await occupy();
    const wishes = [{ port: other.port }, { port: 0 }, { port: 0, flag: "--port" }];
    const found = await findPorts(wishes);
    expect(new Set([...found, other.port]).size).toBe(4);
    expect(await findPorts([{ port: found[1] ?? 0, flag: "--port" }])).toEqual([found[1]]);
  });

  test("that are taken are all named, and so is one that two flags ask for", async () => {
    await using one = await occupy();
    await using two = await occupy();
    const [free = 0] = await findPorts([{ port: 0 }]);
    const find = (...ports: number[]) =>
      findPorts(ports.map((port, index) => ({ port, flag: ["--port", "--ui-port"][index] ?? "" })));
    await expect(find(one.port, two.port)).rejects.toThrow(
      new RegExp(
        `^Port ${one.port} is in use .*--port 0.*\nPort ${two.port} is in use .*--ui-port 0`,
      ),
    );
    await expect(find(free, free)).rejects.toThrow(
      `Port ${free} is that of --port already. Choose another one with --ui-port,`,
    );
  });
});

describe("leftovers of a killed run", () => {
  const sleeper = () => spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });

  test("are ended with their whole group", async () => {
    const left = sleeper();
    const said: string[] = [];
    const gone = once(left, "exit");
    await endLeftovers([toNote("temporal", left.pid ?? 0)], (line) => said.push(line));
    expect(await gone).toEqual([null, "SIGTERM"]);
    expect(said).toEqual(["Ending what an earlier run left: temporal …"]);
  });

  test("are not mistaken: another process with the same number is left alone", async () => {
    const other = sleeper();
    const { pid = 0 } = other;
    await endLeftovers([{ name: "temporal", pid, started: "1" }], () => expect.fail("ended it"));
    await vi.waitFor(() => expect(startOf(pid)).toBeDefined());
    other.kill("SIGKILL");
    await once(other, "exit");
    expect(startOf(pid)).toBeUndefined();
  });
});
