import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { ResultId } from "../../../src/domain/ids.ts";
import {
  resultIdsOf,
  resultIn,
  resultsIn,
  someResult,
  someSession,
  someTask,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";

const ownersOf = async ({ results }: TableStorage, ids: readonly ResultId[]) =>
  (await results.get(ids)).map(({ ownerTaskId }) => ownerTaskId);

export function resultOwnership({ open }: TableStoragePromises): void {
  it("gives results without an owner to the task that claims them", async () => {
    const tables = await open();
    const [task, owner] = [someTask(), someTask()];
    const free = resultIn(someSession());
    const owned = resultIn(someSession(), { ownerTaskId: owner });
    await tables.results.create([free, owned]);
    const ids = resultIdsOf([free, owned]);
    const claims = [someResult(), ...ids, ...ids].map((resultId) => ({ resultId, taskId: task }));
    await tables.results.claim(claims);
    expect(await ownersOf(tables, ids)).toEqual([task, owner]);
    await tables.results.claim(ids.map((resultId) => ({ resultId, taskId: someTask() })));
    expect(await ownersOf(tables, ids)).toEqual([task, owner]);
  });

  it("gives a result to one of many tasks that claim it at once", async () => {
    const [one, two] = [await open(), await open()];
    const rows = resultsIn(someSession(), 10);
    const ids = resultIdsOf(rows);
    await one.results.create(rows);
    const tasks = Array.from({ length: 8 }, someTask);
    await Promise.all(
      tasks.map((taskId, i) =>
        (i % 2 ? one : two).results.claim(ids.map((resultId) => ({ resultId, taskId }))),
      ),
    );
    const owners = await ownersOf(one, ids);
    expect(tasks).toEqual(expect.arrayContaining([...new Set(owners)]));
    expect(await ownersOf(two, ids)).toEqual(owners);
  });

  it("moves ownership only from the owner that is named", async () => {
    const tables = await open();
    const [a, b, c] = [someTask(), someTask(), someTask()];
    const rows = resultsIn(someSession(), 2, { ownerTaskId: a });
    const [one, two] = resultIdsOf(rows);
    if (!one || !two) throw new Error("two results were made");
    await tables.results.create(rows);
    await tables.results.transfer([
      { resultId: one, from: a, to: b },
      { resultId: one, from: a, to: c },
      { resultId: two, from: b, to: c },
      { resultId: someResult(), from: a, to: b },
    ]);
    expect(await ownersOf(tables, [one, two])).toEqual([b, a]);
    await tables.results.transfer([{ resultId: two, from: a, to: "" }]);
    expect(await ownersOf(tables, [one, two])).toEqual([b, ""]);
  });
}
