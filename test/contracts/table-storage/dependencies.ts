import { expect, it } from "vitest";
import type { Edge, TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { ResultId, TaskId } from "../../../src/domain/ids.ts";
import {
  idsOf,
  someBatch,
  someResult,
  someSession,
  someTask,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { pending } from "./steps.ts";

const some = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

export function dependencies({ open }: TableStoragePromises): void {
  it("tells which tasks wait for nothing any more", async () => {
    const { dependencies } = await open();
    const [a, b, free] = [someTask(), someTask(), someTask()];
    const [x, y] = [someResult(), someResult()];
    await dependencies.add([
      { taskId: a, resultIds: [x] },
      { taskId: b, resultIds: [x, y] },
    ]);
    expect(await dependencies.ready([b, free, a])).toEqual([free]);
    expect(await dependencies.close([someResult()])).toEqual([]);
    expect(await dependencies.close([x])).toEqual([a]);
    expect(await dependencies.ready([b, a])).toEqual([a]);
    expect(await dependencies.close([y])).toEqual([b]);
    expect((await dependencies.ready([a, b])).sort()).toEqual([a, b].sort());
  });

  it("answers the ready ones again when results are closed again", async () => {
    const { dependencies } = await open();
    const [ready, waits] = [someTask(), someTask()];
    const [x, y] = [someResult(), someResult()];
    await dependencies.add([
      { taskId: ready, resultIds: [x] },
      { taskId: waits, resultIds: [x, y] },
    ]);
    await dependencies.close([x]);
    expect(await dependencies.close([x, x])).toEqual([ready]);
  });

  it("leaves an edge that exists, open or closed", async () => {
    const { dependencies } = await open();
    const task = someTask();
    const [x, y] = [someResult(), someResult()];
    const edges = [{ taskId: task, resultIds: [x, y, x] }];
    await dependencies.add(edges);
    await dependencies.close([x]);
    await dependencies.add(edges);
    expect(await dependencies.ready([task])).toEqual([]);
    expect(await dependencies.close([y])).toEqual([task]);
  });

  it("knows the dependents of a result, waiting or not, each once", async () => {
    const { dependencies } = await open();
    const [a, b, c] = [someTask(), someTask(), someTask()];
    const [x, y, z] = [someResult(), someResult(), someResult()];
    await dependencies.add([
      { taskId: a, resultIds: [x, y] },
      { taskId: b, resultIds: [y] },
      { taskId: c, resultIds: [z] },
      { taskId: someTask(), resultIds: [] },
    ]);
    await dependencies.close([x]);
    expect((await dependencies.dependents([x, y])).sort()).toEqual([a, b].sort());
    expect(await dependencies.dependents([x])).toEqual([a]);
    expect(await dependencies.dependents([someResult()])).toEqual([]);
  });

  it("pages through the open edges of a batch's waiting tasks, each once", async () => {
    const tables = await open();
    const { dependencies } = tables;
    const session = someSession();
    const tasks = tasksIn(session, 4, { batchId: someBatch() });
    const [gone, ...waiting] = tasks;
    const stranger = taskIn(session, { batchId: someBatch() });
    await pending(tables, [...tasks, stranger]);
    const inputs = some(5, someResult);
    const edges = [...tasks, stranger].map(({ taskId }) => ({ taskId, resultIds: inputs }));
    await dependencies.add(edges);
    const [closed, ...opened] = inputs;
    await dependencies.close(closed ? [closed] : []);
    await tables.tasks.submit(idsOf(gone ? [gone] : []), 2);
    await tables.tasks.pause(idsOf(waiting.slice(0, 1)));
    const { batchId } = gone ?? stranger;
    const found: Edge[] = [];
    for (let [page] = await dependencies.openInBatches([{ batchId }], 5); page?.length; ) {
      expect(page.length).toBeLessThanOrEqual(5);
      found.push(...page);
      [page] = await dependencies.openInBatches([{ batchId, after: found.at(-1) }], 5);
    }
    const expected = waiting.flatMap(({ taskId }) => opened.map((id) => `${taskId} ${id}`));
    expect(found.map(({ taskId, resultId }) => `${taskId} ${resultId}`).toSorted()).toEqual(
      expected.toSorted(),
    );
    const unknown = { batchId: someBatch() };
    expect(await dependencies.openInBatches([unknown], 5)).toEqual([[]]);
    // Batch by batch, up to the one in which the limit is reached.
    const all = [unknown, { batchId }, { batchId: stranger.batchId }, unknown];
    const lengths = async (limit: number) =>
      (await dependencies.openInBatches(all, limit)).map((page) => page.length);
    expect(await lengths(100)).toEqual([0, 12, 4, 0]);
    expect(await lengths(14)).toEqual([0, 12, 2]);
    expect(await lengths(12)).toEqual([0, 12]);
  });

  it("never loses the wake-up of a task whose 128 inputs complete at once", async () => {
    const connections = await Promise.all(some(4, open));
    const workers = some(16, () => 0).map((_, i) => at(connections, i));
    for (let round = 0; round < 20; round++) {
      const task = taskIn(someSession());
      const leaves = some(128, someResult);
      await pending(at(connections, round), [task]);
      await at(connections, round).dependencies.add([{ taskId: task.taskId, resultIds: leaves }]);
      const submissions = await Promise.all(
        workers.map((tables, i) => closeAndSubmit(tables, share(leaves, i, workers.length))),
      );
      expect(submissions.flat()).toEqual([task.taskId]);
    }
  });

  it("sees a task ready from one side at least, in whatever order both sides write", async () => {
    const [submitter, completer] = [await open(), await open()];
    for (let round = 0; round < 60; round++) {
      const task = someTask();
      const inputs = some(1 + (round % 3), someResult);
      const add = async (ids: readonly ResultId[]) => {
        await submitter.dependencies.add([{ taskId: task, resultIds: ids }]);
        // What was completed before its edge was there is found by reading the results again.
        return submitter.dependencies.ready([task]);
      };
      const completed = Promise.all(inputs.map((id) => completer.dependencies.close([id])));
      const early = await Promise.all([add(inputs), completed]);
      const late = await submitter.dependencies.close(inputs);
      expect(early.flat(2).concat(late)).toContain(task);
      expect(await completer.dependencies.ready([task])).toEqual([task]);
    }
  });

  it("sees a task ready from one side at least when edges and completions cross", async () => {
    const [submitter, completer] = [await open(), await open()];
    for (let round = 0; round < 40; round++) {
      const task = someTask();
      const [before, after] = [some(5, someResult), someResult()];
      await submitter.dependencies.add([{ taskId: task, resultIds: before }]);
      const [ready, closed] = await Promise.all([
        submitter.dependencies
          .add([{ taskId: task, resultIds: [after] }])
          .then(() => submitter.dependencies.close([after])),
        Promise.all(before.map((id) => completer.dependencies.close([id]))),
      ]);
      const seen: readonly TaskId[] = [...ready, ...closed.flat()];
      expect(seen).toContain(task);
    }
  });
}

function at<T>(items: readonly T[], i: number): T {
  const item = items[i % items.length];
  if (item === undefined) throw new Error("there is none");
  return item;
}

const share = <T>(items: readonly T[], i: number, of: number): T[] =>
  items.filter((_, n) => n % of === i);

/** What a worker does with its results: close one after the other, submit what became ready. */
async function closeAndSubmit(
  { dependencies, tasks }: TableStorage,
  results: readonly ResultId[],
): Promise<TaskId[]> {
  const submitted: TaskId[] = [];
  for (const resultId of results) {
    const ready = await dependencies.close([resultId]);
    for (const { taskId } of await tasks.submit(ready, 2)) submitted.push(taskId);
  }
  return submitted;
}
