// The real `grid dev`, with its own Temporal server and the built-in worker.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { readMachine } from "../../src/config/machine.ts";
import { askReadiness } from "../../src/main/dev/http-ready.ts";
import { startOf } from "../../src/main/dev/process-state.ts";
import { findTemporalCli } from "../../src/main/dev/temporal-cli.ts";
import { startGrid } from "../support/grid-command.ts";

const SLOW = 240_000;
const PATIENCE = { timeout: 120_000, interval: 50 };
const PORTS = ["--port", "0", "--http-port", "0", "--ui-port", "0"];

const Facts = z.object({
  health: z.string(),
  temporal: z.string(),
  pids: z.record(z.string(), z.number()),
});

let folder: string;
let grid: ChildProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "grid-"));
  await findTemporalCli(readMachine(), () => undefined, new AbortController().signal);
}, 300_000);
afterEach(async () => {
  if (grid && grid.exitCode === null && grid.signalCode === null) {
    grid.kill("SIGTERM");
    await once(grid, "exit");
  }
}, SLOW);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const facts = () => Facts.parse(JSON.parse(readFileSync(join(folder, "grid.json"), "utf8")));
const runFolderIn = (said: string) => dirname(/^worker-1 +(\S+)/m.exec(said)?.[1] ?? "nowhere");
const living = (pids: readonly number[]) => pids.filter((pid) => startOf(pid) !== undefined);

/** Answers what it said until it was ready. */
async function start(): Promise<string> {
  const child = startGrid(["dev", "--data", folder, "--agents", "1", ...PORTS], { cwd: folder });
  grid = child;
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  await vi.waitFor(() => {
    if (child.exitCode !== null) throw new Error(`it ended:\n${said}`);
    expect(said).toContain("grid ready");
  }, PATIENCE);
  return said;
}

test(
  "serves, says where, and leaves nothing when it is told to stop",
  async () => {
    const said = await start();
    for (const name of ["temporal", "submitter", "orchestrator", "agent-1", "worker-1"]) {
      expect(said).toMatch(new RegExp(`^${name} .* pid \\d+$`, "m"));
    }
    expect(said).toMatch(/^grid ready in \d+\.\d s$/m);
    const { health, pids } = facts();
    expect((await askReadiness(Number(new URL(health).port))).ready).toBe(true);
    expect(living(Object.values(pids))).toHaveLength(5);
    expect(existsSync(runFolderIn(said))).toBe(true);

    grid?.kill("SIGTERM");
    expect(await once(grid as ChildProcess, "exit")).toEqual([0, null]);
    expect(living(Object.values(pids))).toEqual([]);
    expect(existsSync(runFolderIn(said))).toBe(false);
    expect(existsSync(join(folder, "grid.json"))).toBe(false);
  },
  SLOW,
);

test(
  "does not wait at a stop for a thousand clients that have connected and say nothing",
  async () => {
    const said = await start();
    const [, port] = /^submitter +127\.0\.0\.1:(\d+)/m.exec(said) ?? [];
    const silent = Array.from({ length: 1_000 }, () => connect(Number(port)).on("error", () => {}));
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    const since = performance.now();
    grid?.kill("SIGTERM");
    expect(await once(grid as ChildProcess, "exit")).toEqual([0, null]);
    // Else a submitter is killed, 17 s after it was told to stop.
    expect(performance.now() - since).toBeLessThan(12_000);
    for (const socket of silent) socket.destroy();
  },
  SLOW,
);

test(
  "starts again in the folder of a grid that was killed, with Temporal where it was",
  async () => {
    const said = await start();
    const before = facts();
    grid?.kill("SIGKILL");
    await once(grid as ChildProcess, "exit");
    const [left, next] = [runFolderIn(said), runFolderIn(await start())];
    // In the data folder, where memory is short, it is used again.
    expect(existsSync(left)).toBe(left === next);
    expect(facts().temporal).toBe(before.temporal);
    expect(living(Object.values(before.pids))).toEqual([]);
  },
  SLOW,
);

test(
  "is whole again after an agent was killed",
  async () => {
    const said = await start();
    const { pids } = facts();
    const [, port] = /^agent-1 .*:(\d+) +pid/m.exec(said) ?? [];
    process.kill(pids["agent-1"] ?? 0, "SIGKILL");
    await vi.waitFor(() => {
      const now = facts().pids;
      expect(now["agent-1"]).not.toBe(pids["agent-1"]);
      expect(now["worker-1"]).not.toBe(pids["worker-1"]);
    }, PATIENCE);
    await vi.waitFor(async () => {
      expect((await askReadiness(Number(port))).ready).toBe(true);
    }, PATIENCE);
  },
  SLOW,
);
