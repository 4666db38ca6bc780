// No-op tasks in one session: submit → last result known to the client, and what they cost.
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchClient } from "../support/client.ts";
import { count, type Work } from "../support/work.ts";

/** Tasks a second. */
export async function runNoOps(client: BenchClient, tasks: number): Promise<number> {
  const sessionId = await client.newSession();
  const [payloadId = ""] = await client.newData(sessionId, [Buffer.from("no-op")]);
  const outputs = await client.newResults(sessionId, tasks);
  const start = performance.now();
  const known = client.completed(sessionId, outputs);
  await client.submit(
    sessionId,
    outputs.map((output) => ({ payloadId, outputs: [output] })),
  );
  await known;
  return (tasks / (performance.now() - start)) * 1_000;
}

/** What a grid has put off until its client was served costs as well. */
const REST_MS = 2_000;

export const noOp: Work = {
  key: "noop",
  on: "running grid",
  async run(grid, tasks) {
    const before = grid.cpuSeconds();
    const rate = await runNoOps(grid.client, tasks);
    await sleep(REST_MS);
    const cpuMs = (grid.cpuSeconds() - before) * 1_000;
    return [
      {
        title: `no-op tasks, one session of ${count(tasks)}`,
        unit: "/s",
        better: "more",
        target: { limit: 0.5, of: "F" },
        value: rate,
      },
      {
        title: `CPU per task, one session of ${count(tasks)}`,
        unit: "ms",
        better: "less",
        value: cpuMs / tasks,
      },
    ];
  },
};
