import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startOf } from "../../src/main/dev/process-state.ts";
import { SAME_WISH_MS } from "../../src/main/dev/stop-signals.ts";
import { WORKER_AWAY } from "../../src/main/exit-codes.ts";

const STAND_IN = join(import.meta.dirname, "../support/stand-in-grid.ts");
const ROLES = ["temporal", "submitter", "orchestrator", "agent-1", "worker-1"];
const HARD_OF_HEARING = "trap '' TERM; echo $$ >> agent-1.pids; while :; do sleep 0.02; done";

let folder: string;
let supervisor: ChildProcess;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grid-"));
});

afterEach(() => {
  if (supervisor.exitCode === null) supervisor.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const linesOf = (name: string): string[] => {
  const file = join(folder, name);
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
};
const told = (): string => linesOf("told").join("\n");
const pidsOf = (name: string): number[] => linesOf(`${name}.pids`).map(Number);
const living = (): number[] => ROLES.flatMap(pidsOf).filter((pid) => startOf(pid) !== undefined);

const startPatiently = (graceMs: number, ...commands: string[]): void => {
  const args = [STAND_IN, folder, `${graceMs}`, ...commands];
  supervisor = spawn(process.execPath, args, { stdio: "inherit" });
};
const start = (...commands: string[]): void => startPatiently(1_000, ...commands);
const ended = async (): Promise<number | null> =>
  supervisor.exitCode ?? (await once(supervisor, "exit"))[0];
const usable = (): Promise<void> => vi.waitFor(() => expect(told()).toContain("usable"));

describe("a child that dies", () => {
  test("is started again, and the log's end is shown", async () => {
    start();
    await usable();
    const [first = 0] = pidsOf("submitter");
    process.kill(first, "SIGKILL");
    await vi.waitFor(() => expect(pidsOf("submitter")).toHaveLength(2));
    expect(told()).toContain(
      `submitter (pid ${first}) was ended by SIGKILL, starting it again in 0.2 s; ${join(folder, "submitter.log")}`,
    );
    expect(living()).toHaveLength(ROLES.length);
  });

  test("takes its worker along when it is an agent, as a task may still run there", async () => {
    start();
    await usable();
    process.kill(pidsOf("agent-1")[0] ?? 0, "SIGKILL");
    await vi.waitFor(() => {
      expect(pidsOf("agent-1")).toHaveLength(2);
      expect(pidsOf("worker-1")).toHaveLength(2);
    });
  });

  test("takes along what its worker has started, in sessions of their own too", async () => {
    const stay = "echo $$ >> worker-1.pids\nsleep 1000";
    writeFileSync(join(folder, "child.sh"), stay);
    writeFileSync(join(folder, "leaver.sh"), `setsid sh child.sh &\n${stay}`);
    start("worker-1=sh child.sh & setsid sh leaver.sh & echo $$ >> worker-1.pids; wait");
    await usable();
    await vi.waitFor(() => expect(pidsOf("worker-1")).toHaveLength(4));
    const before = pidsOf("worker-1");
    process.kill(pidsOf("agent-1")[0] ?? 0, "SIGKILL");
    await vi.waitFor(() => expect(pidsOf("worker-1")).toHaveLength(8));
    expect(before.map(startOf)).toEqual(before.map(() => undefined));
  });

  test("takes its worker along when it is an agent that never saw it serve", async () => {
    // The first one sees it; those after it end soon, with the exit code of the file.
    const ends = "until [ -s code ]; do sleep 0.02; done; exit $(cat code)";
    start(`agent-1=echo $$ >> agent-1.pids; ${ends}`);
    await usable();
    writeFileSync(join(folder, "agent-1.unready"), "");
    writeFileSync(join(folder, "code"), "1");
    await vi.waitFor(() => expect(pidsOf("agent-1").length).toBeGreaterThan(3));
    // With the first one, which had been ready.
    expect(pidsOf("worker-1")).toHaveLength(2);
    writeFileSync(join(folder, "code"), `${WORKER_AWAY}`);
    await vi.waitFor(() => expect(pidsOf("worker-1").length).toBeGreaterThan(2));
  });

  test("again and again is started after longer and longer pauses", async () => {
    start();
    await usable();
    for (const round of [1, 2, 3]) {
      process.kill(pidsOf("orchestrator").at(-1) ?? 0, "SIGKILL");
      await vi.waitFor(() => expect(pidsOf("orchestrator")).toHaveLength(round + 1));
    }
    expect(told().match(/again in [\d.]+ s/g)).toEqual([
      "again in 0.2 s",
      "again in 0.4 s",
      "again in 0.8 s",
    ]);
  });
});

describe("a child that cannot be started", () => {
  test("ends the start at once, with what to do", async () => {
    start("worker-1=exec ./no-such-worker --fast");
    expect(await ended()).toBe(1);
    expect(told()).toMatch(
      /worker-1 ended with exit code 127 before the grid was ready\. Correct the command given with --worker\. .*worker-1\.log ends with\n.*no-such-worker/,
    );
    expect(living()).toEqual([]);
  });

  test("ends the start after three tries, with the end of its log", async () => {
    start("temporal=", "submitter=echo out of luck; exit 3");
    expect(await ended()).toBe(1);
    expect(told().match(/submitter .*ended with exit code 3/g)).toHaveLength(3);
    expect(told()).toMatch(/before the grid was ready\. .*submitter\.log ends with\n +out of luck/);
    expect(living()).toEqual([]);
  });

  test("is forgiven as long as Temporal is not there, which it needs", async () => {
    start(
      "temporal=until [ -f go ]; do sleep 0.02; done; echo $$ >> temporal.pids; sleep 1000",
      "submitter=[ -f go ] || exit 3; echo $$ >> submitter.pids; sleep 1000",
    );
    await vi.waitFor(() => expect(told()).toContain("Still waiting for"));
    expect(told()).toContain(`waiting for temporal (${join(folder, "temporal.log")}), submitter (`);
    const deaths = () => told().match(/submitter .*ended with exit code 3/g);
    await vi.waitFor(() => expect(deaths()?.length).toBeGreaterThan(3));
    writeFileSync(join(folder, "go"), "");
    await usable();
  });
});

describe("a child that is stopped", () => {
  test("for too long is killed and started again", async () => {
    start();
    await usable();
    const [first = 0] = pidsOf("agent-1");
    process.kill(first, "SIGSTOP");
    await vi.waitFor(() => expect(pidsOf("agent-1")).toHaveLength(2));
    expect(told()).toContain(`agent-1 (pid ${first}) has been stopped for 1 s and is killed`);
    expect(told()).toContain(`agent-1 (pid ${first}) was ended by SIGKILL`);
    expect(startOf(first)).toBeUndefined();
  });

  test("hears a stop at once, and ends in order", async () => {
    startPatiently(60_000);
    await usable();
    const [agent = 0] = pidsOf("agent-1");
    process.kill(agent, "SIGSTOP");
    supervisor.kill("SIGTERM");
    expect(await ended()).toBe(0);
    expect(linesOf("ends")[0]).toBe("agent-1");
  });

  test("goes on while others end, as they may need what it holds", async () => {
    startPatiently(
      60_000,
      "submitter=echo $$ >> submitter.pids; trap 'touch awake' CONT; while :; do sleep 0.02; done",
      "agent-1=echo $$ >> agent-1.pids; trap 'until [ -f awake ]; do sleep 0.02; done; echo agent-1 >> ends; exit 0' TERM; while :; do sleep 0.02; done",
    );
    await usable();
    process.kill(pidsOf("submitter")[0] ?? 0, "SIGSTOP");
    supervisor.kill("SIGTERM");
    expect(await ended()).toBe(0);
    expect(linesOf("ends")).toContain("agent-1");
  });

  test("does not outlive a supervisor that was killed", async () => {
    start();
    await usable();
    process.kill(pidsOf("agent-1")[0] ?? 0, "SIGSTOP");
    supervisor.kill("SIGKILL");
    await vi.waitFor(() => expect(living()).toEqual([]));
    expect(linesOf("ends")).toContain("agent-1");
  });
});

describe("a stop", () => {
  test("goes from the agents to Temporal, leaves no process and succeeds", async () => {
    start();
    await usable();
    supervisor.kill("SIGTERM");
    expect(await ended()).toBe(0);
    expect(linesOf("ends")).toEqual([
      "agent-1",
      "worker-1",
      "submitter",
      "orchestrator",
      "temporal",
    ]);
    expect(living()).toEqual([]);
  });

  test("takes along whatever a worker's command has started", async () => {
    start("worker-1=(echo $$ >> worker-1.pids; sleep 1000) & echo $! >> worker-1.pids; wait");
    await usable();
    await vi.waitFor(() => expect(pidsOf("worker-1")).toHaveLength(2));
    supervisor.kill("SIGINT");
    expect(await ended()).toBe(0);
    expect(living()).toEqual([]);
  });

  test("becomes a kill for a child that does not listen", async () => {
    start(`agent-1=${HARD_OF_HEARING}`);
    await usable();
    supervisor.kill("SIGTERM");
    expect(await ended()).toBe(0);
    expect(living()).toEqual([]);
  });

  test("asked for twice kills at once; twice in a moment is once", async () => {
    startPatiently(60_000, `agent-1=${HARD_OF_HEARING}`);
    await usable();
    supervisor.kill("SIGINT");
    supervisor.kill("SIGINT");
    await vi.waitFor(() => expect(told()).toContain("Stopping"));
    await sleep(SAME_WISH_MS + 100);
    expect(pidsOf("agent-1").map(startOf)).not.toContain(undefined);
    supervisor.kill("SIGINT");
    expect(await ended()).toBe(0);
    expect(living()).toEqual([]);
  });
});

test("nothing outlives a supervisor that was killed", async () => {
  writeFileSync(join(folder, "leaver.sh"), "echo $$ >> worker-1.pids\nsleep 1000");
  start(
    "worker-1=trap '' TERM; (sleep 1000) & echo $! $$ | tr ' ' '\\n' >> worker-1.pids; setsid sh leaver.sh & wait",
  );
  await usable();
  await vi.waitFor(() => expect(living()).toHaveLength(ROLES.length + 2));
  supervisor.kill("SIGKILL");
  await vi.waitFor(() => expect(living()).toEqual([]));
});
