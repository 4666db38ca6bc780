// Under load somebody is killed, or the queue emptied. Afterwards every task has ended right, which
// is asked of the client, of the stores, and of the notes that workers make of each execution.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { purgeQueue } from "../support/purge-queue.ts";
import { pythonSdk } from "../support/python-sdk.ts";
import { type Client, PROGRAMS, startClient } from "./client.ts";
import { type Evidence, expectCommittedOnce, openEvidence } from "./evidence.ts";
import { executions, initialOf } from "./executions.ts";
import { type RunningGrid, startGrid } from "./grid.ts";
import { stopOutsideOfWrites } from "./stop.ts";

const TASKS = 2_000;
/** As load.py has it. */
const expectedOf = (i: number): number => {
  if (i % 100 === 49) return 3;
  const before = i % 100 === 99 ? Array.from({ length: 99 }, (_, n) => i - 1 - n) : [];
  return before.reduce((sum, other) => sum + expectedOf(other), i % 20);
};
const EXPECTED = Array.from({ length: TASKS }, (_, i) => `${expectedOf(i)}`);
/** One in a hundred splits into four. */
const WITH_SUBTASKS = TASKS + (TASKS / 100) * 4;
/**
 * What an agent holds that was executed and is not committed: the running task and the ended ones
 * that its committer has not decided yet, of which it allows so many (`LIMIT`).
 */
const IN_HAND = 64;
/** What it keeps ready for its worker: nobody has executed it (`Pollster__Prefetch`). */
const PREFETCH = 32;
const CHILDREN = ["temporal", "submitter", "orchestrator", "agent-1", "agent-2"];
const WORKERS = ["worker-1", "worker-2"];

let folder: string;
let python: string;
let grid: RunningGrid;
let load: Client;
let evidence: Evidence;
/** Executions before this load. */
let earlier: number;

const log = () => join(folder, "executions");
const start = () =>
  startGrid({
    data: join(folder, "data"),
    worker: `exec ${python} ${join(PROGRAMS, "worker.py")}`,
    env: { EXECUTIONS_LOG: log(), Scheduling__LeaseMs: "4000" },
    args: ["--max-stopped", "600"],
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "grid-e2e-"));
  python = await pythonSdk();
  grid = await start();
}, 300_000);
afterAll(async () => {
  await grid?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

// One grid for all: it has to live on after each of these.
beforeEach(async () => {
  const children = [...CHILDREN, ...WORKERS];
  await vi.waitFor(() => expect(children.map(grid.pid)).not.toContain(undefined), 60_000);
  load = await startClient({ python, program: "load.py", args: [grid.endpoint, `${TASKS}`] });
  evidence = await openEvidence(grid.data, load.session);
  earlier = executions(log()).length;
  await load.submit();
}, 120_000);
afterEach(async () => {
  load?.[Symbol.dispose]();
  await evidence?.[Symbol.asyncDispose]();
});

/** In the middle: some have been executed, others have not. */
const whenExecuted = async (count: number): Promise<void> => {
  const executed = await vi.waitFor(
    () => {
      const now = executions(log()).length - earlier;
      expect(now).toBeGreaterThan(count);
      return now;
    },
    { timeout: 60_000, interval: 20 },
  );
  expect(executed).toBeLessThan(TASKS);
};

const kill = (...children: string[]): void => {
  const pids = children.map((child) => grid.pid(child) ?? expect.unreachable());
  for (const pid of pids) process.kill(pid, "SIGKILL");
};

interface Repeats {
  /** Whose executions may have been in vain. */
  readonly of: readonly string[];
  readonly atMost: number;
}

/** Every wait of the client has ended well; each task was executed, and committed once. */
const expectAllRight = async (repeats: Repeats): Promise<void> => {
  await load.done;
  await evidence.settled();
  await expectCommittedOnce(evidence, { outputs: EXPECTED, tasks: WITH_SUBTASKS });
  const byTask = Map.groupBy(executions(log()).slice(earlier), ({ taskId }) => initialOf(taskId));
  // At least once each; and nobody ran a subtask of an attempt that did not count.
  const ids = new Set((await evidence.tasks()).map(({ initialTaskId }) => initialTaskId as string));
  expect(new Set(byTask.keys())).toEqual(ids);
  const repeated = [...byTask.values()].filter((times) => times.length > 1);
  const victims = repeats.of.map((worker) => `${worker}.sock`);
  const byOthers = repeated.filter(
    (times) => times.filter(({ worker }) => !victims.includes(worker)).length > 1,
  );
  expect(byOthers).toEqual([]);
  const inVain = repeated.reduce((sum, times) => sum + times.length - 1, 0);
  expect(inVain).toBeLessThanOrEqual(repeats.atMost);
};
const NONE: Repeats = { of: [], atMost: 0 };

describe("with 2,000 tasks under way, all end right, and nothing is left in the queue, after", () => {
  const cases: Readonly<Record<string, { victims: readonly string[]; repeats: Repeats }>> = {
    "one agent": { victims: ["agent-1"], repeats: { of: ["worker-1"], atMost: IN_HAND } },
    "two agents at once": {
      victims: ["agent-1", "agent-2"],
      repeats: { of: WORKERS, atMost: 2 * IN_HAND },
    },
    // It has one task at a time.
    "one worker": { victims: ["worker-1"], repeats: { of: ["worker-1"], atMost: 1 } },
    // These have no part in an attempt: what runs goes on, and is not run again.
    "the submitter": { victims: ["submitter"], repeats: NONE },
    "the orchestrator": { victims: ["orchestrator"], repeats: NONE },
    "the Temporal server": { victims: ["temporal"], repeats: NONE },
  };

  it.each(Object.entries(cases))("kill -9 of %s", { timeout: 240_000 }, async (_, one) => {
    await whenExecuted(200);
    kill(...one.victims);
    await expectAllRight(one.repeats);
  });

  it("kill -9 of agents again and again", { timeout: 240_000 }, async () => {
    for (const [n, victim] of ["agent-1", "agent-2", "agent-1"].entries()) {
      await whenExecuted(200 + n * 400);
      await vi.waitFor(() => expect(grid.pid(victim)).toBeDefined(), 60_000);
      kill(victim);
    }
    await expectAllRight({ of: WORKERS, atMost: 3 * IN_HAND });
  });

  it("the queue was emptied", { timeout: 240_000 }, async () => {
    await whenExecuted(200);
    purgeQueue(grid.data);
    await expectAllRight(NONE);
  });

  it("SIGSTOP of an agent beyond its lease, then SIGCONT", { timeout: 240_000 }, async () => {
    await whenExecuted(200);
    const pid = grid.pid("agent-1") ?? expect.unreachable();
    const said = grid.logOf("agent-1").length;
    // Once it goes on it may begin with tasks that were taken over, before it learns of that.
    const repeats = { of: ["worker-1"], atMost: IN_HAND + PREFETCH };
    try {
      await stopOutsideOfWrites(grid.data, pid);
      await expectAllRight(repeats);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    // It had a task in hand that was taken over: it notices, by its heartbeat or at its commit.
    const newLines = () => grid.logOf("agent-1").slice(said);
    const notices = () => expect(newLines()).toMatch(/"attempt dropped"|"commit refused"/);
    await vi.waitFor(notices, 30_000);
    await expectAllRight(repeats);
    expect(grid.pid("agent-1")).toBe(pid);
  });

  it("kill -9 of everything and a start on the same folder", { timeout: 240_000 }, async () => {
    await whenExecuted(200);
    grid.supervisor.kill("SIGKILL");
    kill(...CHILDREN, ...WORKERS);
    load[Symbol.dispose]();
    grid = await start();
    // Another client waits by events for all of them, and reads all.
    const { session } = load;
    const args = [grid.endpoint, `${TASKS}`, session];
    load = await startClient({ python, program: "load.py", args, session });
    await expectAllRight({ of: WORKERS, atMost: 2 * IN_HAND });
  });
});
