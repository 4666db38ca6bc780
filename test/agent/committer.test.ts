import { expect, it } from "vitest";
import { createCommitter } from "../../src/agent/commit/committer.ts";
import { createSettler } from "../../src/agent/commit/settle.ts";
import { type Attempt, keyOf } from "../../src/agent/execution/attempt.ts";
import type { TaskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { acquireAll, toContext } from "./context.ts";
import { freshGrid, gate } from "./scene.ts";

const grid = freshGrid();
const LIMIT = 64;

/** Tasks that an agent has acquired. */
async function acquired(count: number): Promise<Attempt[]> {
  const session = await grid().newSession();
  const [payloadId] = await grid().newResults(session, ["payload"]);
  const ids: readonly TaskId[] = await grid().submit(
    session,
    Array.from({ length: count }, () => ({ payloadId })),
  );
  return await acquireAll(toContext(grid(), grid().stores), ids);
}

function openCommitter(stores: Stores) {
  const context = toContext(grid(), stores);
  const failures: unknown[] = [];
  const failed = (error: unknown) => void failures.push(error);
  const settler = createSettler(context);
  const committer = createCommitter({ context, settler, failed, revoke: failed });
  return { committer, failures };
}

/** Notes starts and decisions; these wait for `gateway`. */
function watched(stores: Stores, gateway: Promise<void>) {
  const { tables } = stores;
  const calls: string[] = [];
  const tasks: typeof tables.tasks = {
    ...tables.tasks,
    async start(starts) {
      calls.push(`start ${starts.length}`);
      return await tables.tasks.start(starts);
    },
    async decide(decisions, at) {
      // Carrying out a decision asks for more, mostly of nothing.
      if (decisions.length > 0) calls.push(`decide ${decisions.length}`);
      await gateway;
      return await tables.tasks.decide(decisions, at);
    },
  };
  return { calls, stores: { ...stores, tables: { ...tables, tasks } } };
}

const statusesOf = async (attempts: readonly Attempt[]) =>
  (await grid().stores.tables.tasks.get(attempts.map((one) => keyOf(one).taskId))).map(
    ({ status }) => status,
  );

it("CM1: writes what comes during a flush in the next, and starts before ends", async () => {
  const release = gate();
  const { calls, stores } = watched(grid().stores, release.promise);
  const attempts = await acquired(9);
  const { committer, failures } = openCommitter(stores);
  const [first, ...others] = attempts;
  if (!first) throw new Error("nothing acquired");
  // The end comes with the start, as that of a task that takes no time.
  committer.start(first);
  committer.end(first, "completed");
  await expect.poll(() => calls).toEqual(["start 1", "decide 1"]);
  for (const attempt of others) {
    committer.start(attempt);
    committer.end(attempt, "completed");
  }
  release.resolve();
  await committer.idle();
  expect(calls).toEqual(["start 1", "decide 1", "start 8", "decide 8"]);
  expect(new Set(await statusesOf(attempts))).toEqual(new Set([TaskStatus.COMPLETED]));
  expect(failures).toEqual([]);
});

it("CM4: has no room for another end while 64 are not decided", async () => {
  const release = gate();
  const { stores } = watched(grid().stores, release.promise);
  const attempts = await acquired(LIMIT);
  const { committer } = openCommitter(stores);
  let hasRoom = false;
  for (const attempt of attempts) {
    await committer.room();
    committer.start(attempt);
    committer.end(attempt, "completed");
  }
  const room = committer.room().then(() => {
    hasRoom = true;
  });
  await grid().stores.tables.ping();
  expect(hasRoom).toBe(false);
  release.resolve();
  await room;
  await committer.idle();
  expect(new Set(await statusesOf(attempts))).toEqual(new Set([TaskStatus.COMPLETED]));
});
