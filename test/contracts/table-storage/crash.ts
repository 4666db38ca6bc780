import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { TableStorage, TableStorageOptions } from "../../../src/adaptors/table-storage.ts";
import type { SessionId } from "../../../src/domain/ids.ts";
import { isFinal, ResultStatus, TASK_MACHINE, TaskStatus } from "../../../src/domain/status.ts";
import { idsOf, resultIdsOf, someSession } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { bySession } from "./conditions.ts";
import { GROUP, groupOf, recover, runGroup, writerOf } from "./life.ts";

const WRITER = join(import.meta.dirname, "../../support/table-writer.ts");
const T = TaskStatus;

/** Starts a process that works on the session, and kills it once it has told of so many steps. */
async function workAndDie(
  options: TableStorageOptions,
  session: SessionId,
  steps: number,
): Promise<number> {
  const child = fork(WRITER, [JSON.stringify(options), session], { stdio: "inherit" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit");
  let told = 0;
  let groups = 0;
  child.on("message", (group: number) => {
    groups = Math.max(groups, group + 1);
    told++;
    if (told === steps) child.kill("SIGKILL");
  });
  expect((await exited)[1]).toBe("SIGKILL");
  return groups;
}

/** Each document by itself makes sense, and what is counted agrees with the documents. */
async function checkConsistent(tables: TableStorage, session: SessionId): Promise<void> {
  const filter = bySession(session);
  const sort = [{ field: "taskId", descending: false }] as const;
  const { rows, total } = await tables.tasks.list({ filter, sort, page: 0, pageSize: 1e6 });
  expect(total).toBe(rows.length);
  for (const task of rows) {
    const decided = task.status === T.PROCESSED || isFinal(TASK_MACHINE, task.status);
    expect(task.commit !== undefined).toBe(decided);
    expect(task.attempt > 0).toBe(![T.PENDING, T.SUBMITTED].includes(task.status as never));
  }
  const counted = await tables.tasks.countByStatus(filter);
  expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(rows.length);
  for (const { status, count } of counted)
    expect(rows.filter((task) => task.status === status)).toHaveLength(count);
}

export function crash({ configure, open }: TableStoragePromises): void {
  for (const steps of [3, 17, 50, 121]) {
    it(`stays consistent when a writer is killed at step ${steps}, and is repaired by repeating`, async () => {
      const session = someSession();
      const groups = await workAndDie(configure(), session, steps);
      const tables = await open();
      await checkConsistent(tables, session);

      // The writer was one group ahead of what it told, at most.
      const repeated = Array.from({ length: groups + 1 }, (_, group) => group);
      await recover(tables, writerOf(session));
      for (const group of repeated) await runGroup(tables, session, group);
      await checkConsistent(tables, session);

      const all = repeated.map((group) => groupOf(session, group));
      const tasks = await tables.tasks.get(idsOf(all.flatMap((group) => group.tasks)));
      expect(tasks).toHaveLength(GROUP * repeated.length);
      expect(new Set(tasks.map(({ status }) => status))).toEqual(new Set([T.COMPLETED]));
      const outputs = await tables.results.get(resultIdsOf(all.flatMap((group) => group.results)));
      expect(outputs).toHaveLength(GROUP * repeated.length);
      expect(new Set(outputs.map(({ status }) => status))).toEqual(
        new Set([ResultStatus.COMPLETED]),
      );
      const keys = await tables.batches.add(all.map(({ batch }) => batch));
      expect(keys.map(({ batch }) => batch)).toEqual(repeated.map((group) => group + 1));
      for (const { progress } of await tables.batches.get(keys))
        expect(progress).toEqual({ open: 0, pending: 0, completed: GROUP, failed: 0 });
    });
  }
}
