// What an agent does with a group of tasks that have run, a small output each: from their end to
// their final status.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCommitter } from "../../src/agent/commit/committer.ts";
import { createSettler } from "../../src/agent/commit/settle.ts";
import type { AgentContext } from "../../src/agent/context.ts";
import { type Attempt, createAttempt } from "../../src/agent/execution/attempt.ts";
import { partitionId } from "../../src/domain/ids.ts";
import { openTestGrid, type TestGrid } from "../../test/agent/grid.ts";
import { openPair } from "../../test/agent/pair.ts";
import { OK } from "../../test/agent/worker.ts";
import type { Forecast } from "./forecast.ts";

const GROUP = 16;
/** Not the agent's own, whose tasks it would take itself. */
const ELSEWHERE = partitionId("elsewhere");

/** Attempts whose workers have answered. */
async function ended(grid: TestGrid, { owner, settings }: AgentContext): Promise<Attempt[]> {
  const session = await grid.newSession();
  const [payloadId, ...outputs] = await grid.newResults(session, [
    "payload",
    ...Array.from({ length: GROUP }, () => undefined),
  ]);
  const ids = await grid.submit(
    session,
    outputs.map((output) => ({
      ...{ payloadId, outputs: [output], options: { partitionId: ELSEWHERE } },
    })),
  );
  const tasks = await grid.stores.tables.tasks.acquire(ids, owner, Date.now());
  return tasks.map((task) => {
    const attempt = createAttempt(task, settings);
    mkdirSync(attempt.folder);
    for (const id of task.expectedOutputIds) {
      writeFileSync(join(attempt.folder, id), "done");
      attempt.buffer.notified.add(id);
    }
    return attempt;
  });
}

export const groupCommit: Forecast = {
  title: `start and commit of a group of ${GROUP} tasks`,
  tasks: GROUP,
  countable: true,
  async run(probe, rounds) {
    await using grid = await openTestGrid();
    const { stores, measure } = probe(grid.stores);
    await using pair = await openPair(grid, { behaviour: async () => OK });
    const context = { ...pair.agent.context, stores };
    const failures: unknown[] = [];
    const fail = (error: unknown) => void failures.push(error);
    const settler = createSettler(context);
    const committer = createCommitter({ context, settler, failed: fail, revoke: fail });
    const values: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const attempts = await ended(grid, context);
      const commit = async () => {
        for (const attempt of attempts) {
          committer.start(attempt);
          committer.end(attempt, "completed");
        }
        await committer.idle();
      };
      values.push(await measure(commit));
    }
    if (failures.length > 0) throw new Error("a commit failed", { cause: failures[0] });
    return values;
  },
};
