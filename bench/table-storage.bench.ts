// What a task costs in the table storage alone, verb by verb. Run by hand:
//   node bench/table-storage.bench.ts [tasks] [random|ordered] [processes]
// Ordered ids are what the grid uses; random ones show what locality is worth.
import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTableStorage, type TableStorage } from "../src/adaptors/table-storage.ts";
import {
  agentId,
  batchId,
  objectId,
  partitionId,
  resultId,
  sessionId,
  taskId,
} from "../src/domain/ids.ts";
import type { Result } from "../src/domain/result.ts";
import { TaskStatus } from "../src/domain/status.ts";
import type { CommitRecord, TaskDefinition } from "../src/domain/task.ts";
import { resultIn, taskIn } from "../test/support/rows.ts";

const CALL = 1_000;
const GROUP = 16;
/** Groups that one process has under way, as an agent with prefetch has. */
const IN_FLIGHT = 2;

const [total = "20000", ids = "ordered", processes = "1", folder] = process.argv.slice(2);

let counter = 0;
/** Time first, as in UUID version 7. */
const orderedId = (): string => {
  const time = Date.now().toString(16).padStart(12, "0");
  const count = (counter++ & 0xffff).toString(16).padStart(4, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${count}${randomUUID().slice(18)}`;
};
const newId = ids === "random" ? randomUUID : orderedId;
const session = sessionId(newId());
const options = {
  options: { workload: "no-op", origin: "bench" },
  maxDurationMs: 60_000,
  maxRetries: 3,
  priority: 1,
  partitionId: partitionId("default"),
  applicationName: "bench",
  applicationVersion: "1.0",
  applicationNamespace: "grid.bench",
  applicationService: "none",
  engineType: "",
};

let cpu = process.cpuUsage();
/** Wall time by verb, in milliseconds. */
const spent = new Map<string, number>();
async function timed<T>(verb: string, run: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const value = await run();
  spent.set(verb, (spent.get(verb) ?? 0) + performance.now() - start);
  return value;
}

const output = (): Result =>
  resultIn(session, { resultId: resultId(newId()), createdAt: Date.now() });

const define = (batch: string, outputId: Result["resultId"]): TaskDefinition =>
  taskIn(session, {
    taskId: taskId(newId()),
    batchId: batchId(batch),
    payloadId: resultId(newId()),
    expectedOutputIds: [outputId],
    options,
    createdAt: Date.now(),
  });

/** The submitter's part: one call of SubmitTasks. */
async function accept(tables: TableStorage): Promise<TaskDefinition[]> {
  const batch = newId();
  const outputs = Array.from({ length: CALL }, output);
  const tasks = outputs.map((row) => define(batch, row.resultId));
  const taskIds = tasks.map((task) => task.taskId);
  await timed("results.create", () => tables.results.create(outputs));
  await timed("create", () => tables.tasks.create(tasks));
  await timed("claim", () =>
    tables.results.claim(
      tasks.flatMap(({ taskId, expectedOutputIds }) =>
        expectedOutputIds.map((resultId) => ({ taskId, resultId })),
      ),
    ),
  );
  await timed("add", () =>
    tables.dependencies.add(
      tasks.map((task) => ({ taskId: task.taskId, resultIds: [task.payloadId] })),
    ),
  );
  await timed("batch", () => tables.batches.add([{ batchId: batchId(batch), sessionId: session }]));
  await timed("accept", () => tables.tasks.accept(taskIds));
  return tasks;
}

const recordOf = (task: TaskDefinition): Extract<CommitRecord, { outcome: "completed" }> => ({
  outcome: "completed",
  results: task.expectedOutputIds.map((id) => ({
    resultId: id,
    objectId: objectId(`f-${id}`),
    size: 8,
  })),
  staged: false,
});

/** From ready to final: what dispatcher and agent do with a group of tasks. */
async function cycle(tables: TableStorage, group: readonly TaskDefinition[]): Promise<void> {
  const taskIds = group.map((task) => task.taskId);
  const owner = { agentId: agentId(session), hostname: "bench" };
  const ready = await timed("close inputs", () =>
    tables.dependencies.close(group.map((task) => task.payloadId)),
  );
  await timed("submit", () => tables.tasks.submit(ready, Date.now()));
  const won = await timed("acquire", () => tables.tasks.acquire(taskIds, owner, Date.now()));
  const now = Date.now();
  await timed("start", () =>
    tables.tasks.start(won.map((task) => ({ ...task, fetchedAt: now, startedAt: now }))),
  );
  const decisions = won.map((task) => ({
    taskId: task.taskId,
    attempt: task.attempt,
    from: [TaskStatus.PROCESSING],
    record: recordOf(task),
  }));
  const outcomes = await timed("decide", () => tables.tasks.decide(decisions, Date.now()));
  if (!outcomes.every(({ ok }) => ok)) throw new Error("an attempt was refused");
  const made = decisions.flatMap(({ record }) => record.results);
  await timed("complete", () => tables.results.complete(made, Date.now()));
  await timed("close", () => tables.dependencies.close(made.map((result) => result.resultId)));
  await timed("finish", () => tables.tasks.finish(taskIds, Date.now()));
}

function report(title: string, tasks: number, ms: number): void {
  const each = [...spent]
    .map(([verb, time]) => `${verb} ${((time * 1_000) / tasks).toFixed(1)}`)
    .join(", ");
  const rate = ((tasks / ms) * 1_000).toFixed(0);
  const { user, system } = process.cpuUsage(cpu);
  const used = ((user + system) / tasks).toFixed(1);
  console.log(`${title}: ${rate} tasks/s, ${used} µs of CPU each; wall µs: ${each}`);
  spent.clear();
  cpu = process.cpuUsage();
}

async function run(path: string): Promise<void> {
  await using tables = await openTableStorage({ driver: "embedded", path });
  const count = Number(total);
  const accepted: TaskDefinition[] = [];
  for (const [title, calls] of [
    ["warm-up", 3],
    ["submission", Math.ceil(count / CALL)],
  ] as const) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) accepted.push(...(await accept(tables)));
    report(title, calls * CALL, performance.now() - start);
  }
  const groups = Array.from({ length: Math.floor(accepted.length / GROUP) }, (_, i) =>
    accepted.slice(i * GROUP, (i + 1) * GROUP),
  ).values();
  const lane = async () => {
    for (const group of groups) await cycle(tables, group);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  report(
    `life in groups of ${GROUP}, ${IN_FLIGHT} under way`,
    accepted.length,
    performance.now() - start,
  );
}

if (folder) {
  await run(folder);
} else {
  const path = await mkdtemp(join(tmpdir(), "grid-bench-"));
  const started = Array.from({ length: Number(processes) }, () =>
    once(fork(import.meta.filename, [total, ids, processes, path]), "exit"),
  );
  await Promise.all(started);
  await rm(path, { recursive: true });
}
