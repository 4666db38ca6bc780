// How `npm run demo` ends when it cannot end well: with a message, exit code 1, and nothing left.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { startOf } from "../../src/main/dev/process-state.ts";

const DEMO = join(import.meta.dirname, "../../samples/typescript/demo.ts");
const Facts = z.object({ pids: z.record(z.string(), z.number()) });

/** In workers only: simulations need logarithms. */
const UNABLE = `data:text/javascript,${encodeURIComponent(
  `if (process.argv[1]?.endsWith("worker.ts")) Math.log = () => { throw new Error("no logarithms today"); };`,
)}`;

let folder: string;
let demo: ChildProcessByStdio<null, Readable, Readable>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "demo-"));
});
afterEach(() => {
  demo.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  demo = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, TMPDIR: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Of the grid's children, once there is a session. */
async function whenUnderWay(): Promise<number[]> {
  let said = "";
  demo.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await vi.waitFor(() => expect(said).toContain("Session "), { timeout: 60_000 });
  const [data = ""] = readdirSync(folder).filter((name) => name.startsWith("grid-demo-"));
  return Object.values(
    Facts.parse(JSON.parse(readFileSync(join(folder, data, "grid.json"), "utf8"))).pids,
  );
}

async function end(): Promise<{ code: number; said: string }> {
  const [said, [code]] = await Promise.all([text(demo.stderr), once(demo, "close")]);
  return { code, said };
}

const foldersLeft = (): string[] => readdirSync(folder).filter((name) => name.startsWith("grid-"));

it("without a Temporal server it says what to do", async () => {
  start([], { TEMPORAL_CLI: "/nowhere/temporal" });
  const { code, said } = await end();
  expect(said).toBe(
    "The grid did not start. It said:\n" +
      "TEMPORAL_CLI is /nowhere/temporal, which is no program: correct or unset the variable.\n",
  );
  expect(code).toBe(1);
  expect(foldersLeft()).toEqual([]);
});

it("with a worker that fails it says which task was the first", async () => {
  start(["--pricings", "5"], { NODE_OPTIONS: `--import=${UNABLE}` });
  const [pids, { code, said }] = await Promise.all([whenUnderWay(), end()]);
  expect(said).toMatch(
    /^\d+ of \d+ tasks failed; the first was \S+, ERROR: Worker returned error/m,
  );
  expect(code).toBe(1);
  expect(pids.filter(startOf)).toEqual([]);
  expect(foldersLeft()).toEqual([]);
});

it("with a Ctrl-C in the middle it takes the whole grid along", async () => {
  start(["--paths", "1000000"]);
  const ended = end();
  const pids = await whenUnderWay();
  expect(pids.filter(startOf).length).toBeGreaterThanOrEqual(7);
  demo.kill("SIGINT");
  const { code, said } = await ended;
  expect(said).toContain("Interrupted.\n");
  expect(code).toBe(1);
  expect(pids.filter(startOf)).toEqual([]);
  expect(foldersLeft()).toEqual([]);
});
