import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openQueue } from "../../src/adaptors/queue/index.ts";
import { openTableStorage } from "../../src/adaptors/table-storage/index.ts";
import { partitionId } from "../../src/domain/ids.ts";
import { FINAL_TASK_STATUSES } from "../../src/domain/status.ts";
import { pythonSdk } from "../support/python-sdk.ts";
import { executions, type RunningGrid, startGrid } from "./grid.ts";

const TASKS = 2_000;
const PARTITION = partitionId("default");
let python: string;
let grid: RunningGrid;
let log: string;

beforeAll(async () => {
  python = await pythonSdk();
}, 300_000);

const options = (data?: string) => ({
  worker: `${python} ${join(import.meta.dirname, "programs/worker.py")}`,
  env: { EXECUTIONS_LOG: log, Orchestrator__LeaseMs: "3000" },
  ...(data && { data }),
});

beforeEach(async () => {
  log = `/tmp/executions-${process.pid}-${Date.now()}`;
  grid = await startGrid(options());
});
let client: ChildProcess | undefined;
afterEach(async () => {
  client?.kill("SIGKILL");
  await grid[Symbol.asyncDispose]();
  await rm(log, { force: true });
});

interface Load {
  readonly submitted: Promise<string>;
  readonly done: Promise<void>;
  readonly process: ChildProcess;
}

/** The published SDK's client under load; `done` rejects when a task ended otherwise than right. */
const startLoad = (): Load => {
  const program = join(import.meta.dirname, "programs/load.py");
  const load = spawn(python, [program, grid.endpoint, `${TASKS}`], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  load.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const submitted = new Promise<string>((resolve) => {
    createInterface(load.stdout).on("line", (line) => {
      if (line.startsWith("submitted ")) resolve(line.slice("submitted ".length));
    });
  });
  const done = once(load, "exit").then(([code]) => {
    if (code !== 0) throw new Error(`the client ended with ${code}: ${said.slice(-3_000)}`);
  });
  done.catch(() => undefined); // awaited later
  client = load;
  return { submitted, done, process: load };
};

const executed = async (): Promise<number> => (await executions(log)).size;

const whenExecuted = (count: number): Promise<void> =>
  vi.waitFor(async () => expect(await executed()).toBeGreaterThan(count), {
    timeout: 60_000,
    interval: 20,
  });

const pid = (name: RegExp): number => {
  const found = Object.entries(grid.facts().pids).find(([child]) => name.test(child));
  if (!found) throw new Error(`no child ${name}: ${Object.keys(grid.facts().pids).join(", ")}`);
  return found[1];
};

/** Every task final, none left in the queue. */
const expectAllSettled = async (session: string): Promise<void> => {
  await using tables = await openTableStorage({ driver: "embedded", path: grid.data });
  await using queue = await openQueue({ driver: "embedded", path: grid.data });
  const bySession = [
    [{ kind: "string", field: "sessionId", operator: "equal", value: session } as const],
  ];
  await vi.waitFor(
    async () => {
      const counts = await tables.tasks.countByStatus(bySession);
      const open = counts.filter(({ status }) => !FINAL_TASK_STATUSES.includes(status));
      expect(open).toEqual([]);
      expect(await queue.depth(PARTITION)).toEqual({ waiting: 0, delivered: 0 });
    },
    { timeout: 90_000, interval: 200 },
  );
};

/**
 * A process that is stopped in the middle of a write keeps SQLite's lock, and with it everyone
 * else, until it goes on: that is embedded storage's limit (docs/adr/0006), not the lease's.
 */
const stopOutsideOfWrites = async (victim: number): Promise<void> => {
  await vi.waitFor(() => {
    process.kill(victim, "SIGSTOP");
    try {
      for (const name of ["table", "queue", "objects"]) {
        const db = new DatabaseSync(join(grid.data, `${name}.db`), { timeout: 500 });
        db.exec("BEGIN IMMEDIATE; ROLLBACK");
        db.close();
      }
    } catch (error) {
      process.kill(victim, "SIGCONT");
      throw error;
    }
  }, 20_000);
};

const finish = async (load: Load): Promise<void> => {
  await load.done;
  await expectAllSettled(await load.submitted);
  expect(await executed()).toBeGreaterThanOrEqual(TASKS);
};

describe("with 2,000 tasks under way, all end right, and nothing is left in the queue, after", () => {
  const victims = {
    "one agent": /^agent/,
    "one worker": /^worker/,
    "the submitter": /^submitter/,
    "the orchestrator": /^orchestrator/,
    "the Temporal server": /^temporal/,
  } as const;

  it.each(Object.entries(victims))("kill -9 of %s", { timeout: 240_000 }, async (_, name) => {
    const load = startLoad();
    await load.submitted;
    await whenExecuted(200);
    process.kill(pid(name), "SIGKILL");
    await finish(load);
  });

  it("kill -9 of everything and a start on the same folder", { timeout: 240_000 }, async () => {
    const load = startLoad();
    const session = await load.submitted;
    await whenExecuted(200);
    const { pids } = grid.facts();
    grid.supervisor.kill("SIGKILL");
    for (const one of Object.values(pids)) process.kill(one, "SIGKILL");
    load.process.kill("SIGKILL");
    const { data } = grid;
    await using again = await startGrid(options(data));
    grid = { ...again, data };
    await expectAllSettled(session);
    expect(await executed()).toBeGreaterThanOrEqual(TASKS);
    await rm(data, { recursive: true, force: true });
  });

  it("SIGSTOP of an agent beyond its lease, then SIGCONT", { timeout: 240_000 }, async () => {
    const load = startLoad();
    await load.submitted;
    await whenExecuted(200);
    const stopped = pid(/^agent/);
    await stopOutsideOfWrites(stopped);
    await finish(load);
    process.kill(stopped, "SIGCONT");
    await vi.waitFor(() => expect(() => process.kill(stopped, 0)).not.toThrow());
    await expectAllSettled(await load.submitted);
  });

  it("the queue was emptied", { timeout: 240_000 }, async () => {
    const load = startLoad();
    await load.submitted;
    await whenExecuted(200);
    {
      await using queue = await openQueue({ driver: "embedded", path: grid.data });
      await queue.purge(PARTITION);
    }
    await finish(load);
  });
});
