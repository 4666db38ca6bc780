// I2: an agent that was stopped beyond its lease comes back with an outcome that counts no more. It
// is refused at the commit point, says so, and leaves nothing behind.
import { readFileSync, watch } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { pythonSdk } from "../support/python-sdk.ts";
import { type Client, PROGRAMS, startClient } from "./client.ts";
import { type Evidence, expectCommittedOnce, openEvidence } from "./evidence.ts";
import { executions } from "./executions.ts";
import { type RunningGrid, startGrid } from "./grid.ts";
import { stopOutsideOfWrites } from "./stop.ts";

let folder: string;
let python: string;
let grid: RunningGrid;
let stopped: number | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "grid-e2e-"));
  python = await pythonSdk();
  grid = await startGrid({
    data: join(folder, "data"),
    worker: `exec ${python} ${join(PROGRAMS, "worker.py")}`,
    env: { EXECUTIONS_LOG: join(folder, "executions"), Scheduling__LeaseMs: "2000" },
    args: ["--max-stopped", "600"],
  });
}, 300_000);
afterEach(() => goOn());
afterAll(async () => {
  await grid?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const goOn = (): void => {
  if (stopped) process.kill(stopped, "SIGCONT");
  stopped = undefined;
};

const submitOne = async (job: object, expected: string) => {
  const args = [grid.endpoint, JSON.stringify(job), expected];
  const client = await startClient({ python, program: "one_task.py", args });
  const evidence = await openEvidence(grid.data, client.session);
  const before = executions(join(folder, "executions")).length;
  await client.submit();
  /** Where the first attempt runs. */
  const agent = await vi.waitFor(() => {
    const [first] = executions(join(folder, "executions")).slice(before);
    return `agent-${/\d+/.exec(first?.worker ?? "")?.[0] ?? expect.unreachable()}`;
  }, 30_000);
  return { client, evidence, agent };
};

/** Beyond its lease: the other agent has done what it was at. */
const expectTakenOver = async (client: Client, evidence: Evidence): Promise<void> => {
  await client.done;
  const [first, second] = await evidence.tasks();
  expect([first?.status, second?.status]).toEqual([TaskStatus.RETRIED, TaskStatus.COMPLETED]);
};

const expectRefusal = async (agent: string, sessionId: SessionId): Promise<void> => {
  await vi.waitFor(
    () => {
      const lines = grid.logOf(agent).trimEnd().split("\n");
      const refused = lines.filter((line) => /"commit refused"/.test(line));
      expect(refused.map((line) => JSON.parse(line) as object)).toContainEqual(
        expect.objectContaining({
          sessionId,
          attempt: 1,
          outcome: "completed",
          current: { status: TaskStatus.RETRIED, attempt: 1 },
        }),
      );
    },
    { timeout: 30_000 },
  );
};

describe("the late commit of a stopped agent is refused, and its result is that of its successor", () => {
  it("when its worker's answer was waiting for it", { timeout: 120_000 }, async () => {
    const marks = join(folder, "marks");
    const saw = (word: string) => () =>
      expect(readFileSync(marks, { encoding: "utf8", flag: "a+" })).toContain(word);
    const job = { do: "linger", add: 7, seconds: 3, marks };
    const { client, evidence, agent } = await submitOne(job, "7");
    await using _ = evidence;
    await vi.waitFor(saw("sent"), 30_000);
    stopped = grid.pid(agent) ?? expect.unreachable();
    await stopOutsideOfWrites(grid.data, stopped);
    expect(saw("answers")).toThrow();
    await vi.waitFor(saw("answers"), 30_000);
    await expectTakenOver(client, evidence);
    goOn();
    await expectRefusal(agent, client.session);
    await evidence.settled();
    await expectCommittedOnce(evidence, { outputs: ["7"], tasks: 1 });
  });

  it("when it was in the middle of storing what the worker made", {
    timeout: 240_000,
  }, async () => {
    const { client, evidence, agent, blobs } = await catchStoring();
    await using _ = evidence;
    await expectTakenOver(client, evidence);
    goOn();
    await expectRefusal(agent, client.session);
    await evidence.settled();
    // What it stored in vain is gone: there is one more blob than before, its successor's.
    await vi.waitFor(async () => expect((await storedFiles()).length).toBe(blobs + 1), 30_000);
  });
});

const BYTES = 64_000_000;
const ASIDE = ".tmp-";
const objects = () => join(grid.data, "objects");

async function storedFiles(): Promise<string[]> {
  const entries = await readdir(objects(), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** Stops an agent while it writes a large result; one that was too quick is let go on. */
async function catchStoring() {
  for (let tries = 0; tries < 5; tries += 1) {
    const blobs = (await storedFiles()).length;
    const storing = Promise.withResolvers<void>();
    const watcher = watch(objects(), (_, name) => {
      if (name?.startsWith(ASIDE)) storing.resolve();
    });
    const caught = await submitOne({ do: "bytes", count: BYTES }, `${BYTES} bytes`);
    const pid = grid.pid(caught.agent) ?? expect.unreachable();
    await storing.promise;
    watcher.close();
    stopped = pid;
    await stopOutsideOfWrites(grid.data, pid);
    const [task] = await caught.evidence.tasks();
    if (task?.status === TaskStatus.PROCESSING) return { ...caught, blobs };
    goOn();
    await caught.client.done;
    await caught.evidence[Symbol.asyncDispose]();
  }
  return expect.unreachable("no agent was caught while it stored");
}
