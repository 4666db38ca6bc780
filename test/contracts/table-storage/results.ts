import { expect, it } from "vitest";
import { objectId, taskId } from "../../../src/domain/ids.ts";
import { ResultStatus } from "../../../src/domain/status.ts";
import {
  completionOf,
  resultIdsOf,
  resultIn,
  resultsIn,
  someResult,
  someSession,
  someStage,
  someTask,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { bySession } from "./conditions.ts";

const { ABORTED, COMPLETED, CREATED, DELETED } = ResultStatus;

export function results({ open }: TableStoragePromises): void {
  it("gives back results as they were stored, in the order of the ids", async () => {
    const { results } = await open();
    const session = someSession();
    const plain = resultIn(session, { name: "välue" });
    const full = resultIn(session, {
      status: COMPLETED,
      completedAt: 8,
      size: 2 ** 40,
      objectId: objectId("object"),
      createdBy: someTask(),
      ownerTaskId: someTask(),
      manualDeletion: true,
    });
    await results.create([plain, full]);
    const ids = [full.resultId, someResult(), plain.resultId, full.resultId];
    expect(await results.get(ids)).toEqual([full, plain, full]);
  });

  it("leaves a result that exists as it is", async () => {
    const { results } = await open();
    const result = resultIn(someSession());
    await results.create([result, { ...result, name: "other" }]);
    await results.create([{ ...result, name: "other" }], someStage());
    expect(await results.get([result.resultId])).toEqual([result]);
  });

  it("shows staged results to nobody until they are published", async () => {
    const { results } = await open();
    const session = someSession();
    const stage = someStage();
    const owner = someTask();
    const created = resultIn(session, { ownerTaskId: owner });
    const completed = resultIn(session, {
      status: COMPLETED,
      completedAt: 4,
      objectId: objectId("object"),
      size: 5,
    });
    const unowned = resultIn(session);
    const all = [created, completed, unowned];
    await results.create(all, stage);
    const list = () =>
      results.list({
        filter: bySession(session),
        sort: [{ field: "createdAt", descending: false }],
        page: 0,
        pageSize: 10,
      });
    expect(await results.get(resultIdsOf(all))).toEqual([]);
    expect(await list()).toEqual({ rows: [], total: 0 });
    await results.claim([{ resultId: unowned.resultId, taskId: someTask() }]);
    await results.transfer([{ resultId: created.resultId, from: owner, to: "" }]);
    expect(await results.complete([completionOf(created)], 9)).toEqual([false]);
    const owned = [{ taskId: owner, resultIds: [created.resultId] }];
    expect(await results.abortOwned(owned, 9)).toEqual([]);
    expect(await results.abortUnowned(session, 10, 9)).toEqual([]);

    expect(await results.publish([stage])).toEqual([completed.resultId]);
    expect(await results.get(resultIdsOf(all))).toEqual(all);
    expect((await list()).total).toBe(3);
  });

  it("publishes again without doing anything, and then drops nothing", async () => {
    const { results } = await open();
    const session = someSession();
    const stage = someStage();
    const staged = [resultIn(session), resultIn(session, { status: COMPLETED })];
    await results.create(staged, stage);
    const published = await results.publish([stage]);
    const [created] = staged;
    if (created) await results.complete([completionOf(created)], 6);
    expect((await results.publish([stage])).sort()).toEqual(resultIdsOf(staged).sort());
    expect(published).toHaveLength(1);
    await results.dropStaged([stage]);
    expect(await results.get(resultIdsOf(staged))).toHaveLength(2);
  });

  it("publishes and drops several stages at once, and no others", async () => {
    const { results } = await open();
    const session = someSession();
    const stages = Array.from({ length: 4 }, someStage);
    const staged = stages.map(() => resultIn(session, { status: COMPLETED }));
    const ids = resultIdsOf(staged);
    for (const [i, row] of staged.entries()) await results.create([row], stages[i]);
    expect((await results.publish([...stages.slice(0, 2), someStage()])).sort()).toEqual(
      ids.slice(0, 2).sort(),
    );
    await results.dropStaged([...stages.slice(0, 3), someStage()]);
    expect(await results.publish(stages.slice(2))).toEqual(ids.slice(3));
    const left = [...ids.slice(0, 2), ...ids.slice(3)];
    expect(resultIdsOf(await results.get(ids))).toEqual(left);
  });

  it("drops what is staged, and drops it again without complaint", async () => {
    const { results } = await open();
    const session = someSession();
    const [stage, other] = [someStage(), someStage()];
    const staged = [
      resultIn(session),
      resultIn(session, { status: COMPLETED, objectId: objectId("one") }),
      resultIn(session, { status: COMPLETED, objectId: objectId("two") }),
    ];
    const kept = resultIn(session);
    await results.create(staged, stage);
    await results.create([kept], other);
    await results.dropStaged([stage]);
    await results.dropStaged([stage]);
    expect(await results.publish([stage])).toEqual([]);
    await results.publish([other]);
    expect(await results.get(resultIdsOf([...staged, kept]))).toEqual([kept]);
  });

  it("completes a result once, and answers whose object it has", async () => {
    const { results } = await open();
    const result = resultIn(someSession());
    await results.create([result]);
    const completion = completionOf(result);
    const other = { ...completion, objectId: objectId("other") };
    const unknown = { ...completion, resultId: someResult() };
    const completions = [unknown, completion, other, completion];
    expect(await results.complete(completions, 6)).toEqual([false, true, false, true]);
    expect(await results.complete([other, completion], 7)).toEqual([false, true]);
    expect(await results.get([result.resultId])).toEqual([
      { ...result, ...completion, status: COMPLETED, completedAt: 6 },
    ]);
  });

  it("does not complete a result that was aborted, nor the reverse", async () => {
    const { results } = await open();
    const session = someSession();
    const owner = someTask();
    const [aborted, completed] = [
      resultIn(session, { ownerTaskId: owner }),
      resultIn(session, { ownerTaskId: owner }),
    ];
    await results.create([aborted, completed]);
    await results.complete([completionOf(completed)], 6);
    const owned = [{ taskId: owner, resultIds: resultIdsOf([aborted, completed]) }];
    expect(await results.abortOwned(owned, 7)).toEqual([aborted.resultId]);
    expect(await results.complete([completionOf(aborted)], 8)).toEqual([false]);
    const rows = await results.get(resultIdsOf([aborted, completed]));
    expect(rows.map(({ status, completedAt }) => [status, completedAt])).toEqual([
      [ABORTED, 7],
      [COMPLETED, 6],
    ]);
  });

  it("lets one of many concurrent completions win", async () => {
    const [one, two] = [await open(), await open()];
    const rows = resultsIn(someSession(), 20);
    await one.results.create(rows);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? one : two).results.complete(
          rows.map(({ resultId }) => ({ resultId, objectId: objectId(`object ${i}`), size: i })),
          6,
        ),
      ),
    );
    for (const [n, row] of (await one.results.get(resultIdsOf(rows))).entries()) {
      const winners = outcomes.flatMap((outcome, i) => (outcome[n] ? [i] : []));
      expect(winners).toEqual([row.size]);
      expect(row.objectId).toBe(`object ${row.size}`);
    }
  });

  it("aborts what a task owns, and answers all that are aborted, again too", async () => {
    const { results } = await open();
    const session = someSession();
    const [task, other] = [someTask(), someTask()];
    const mine = resultsIn(session, 2, { ownerTaskId: task });
    const theirs = resultIn(session, { ownerTaskId: other });
    const free = resultIn(session);
    await results.create([...mine, theirs, free]);
    const ids = resultIdsOf([...mine, theirs, free]);
    const owned = [
      { taskId: task, resultIds: [...ids, someResult()] },
      { taskId: someTask(), resultIds: [] },
    ];
    expect(await results.abortOwned(owned, 6)).toEqual(resultIdsOf(mine));
    expect(await results.abortOwned(owned, 7)).toEqual(resultIdsOf(mine));
    const rows = await results.get(ids);
    expect(rows.map(({ status }) => status)).toEqual([ABORTED, ABORTED, CREATED, CREATED]);
    expect(rows[0]?.completedAt).toBe(6);
  });

  it("aborts what nobody owns in a session, a part at a time", async () => {
    const { results } = await open();
    const session = someSession();
    const free = resultsIn(session, 5);
    const others = [
      resultIn(session, { ownerTaskId: taskId("owner") }),
      resultIn(session, { status: COMPLETED }),
      resultIn(someSession()),
    ];
    await results.create([...free, ...others]);
    const aborted = [
      ...(await results.abortUnowned(session, 3, 6)),
      ...(await results.abortUnowned(session, 3, 7)),
    ];
    expect(await results.abortUnowned(session, 3, 8)).toEqual([]);
    expect(aborted.sort()).toEqual(resultIdsOf(free).sort());
    const rows = await results.get(resultIdsOf(free));
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set([ABORTED]));
    expect(await results.get(resultIdsOf(others))).toEqual(others);
  });

  it("deletes results of any status for good, and answers their objects, again too", async () => {
    const { results } = await open();
    const session = someSession();
    const owner = someTask();
    const [created, completed, aborted, kept] = resultsIn(session, 4, { ownerTaskId: owner });
    if (!created || !completed || !aborted || !kept) throw new Error("four results were made");
    const staged = resultIn(session);
    await results.create([created, completed, aborted, kept]);
    await results.create([staged], someStage());
    const completion = completionOf(completed);
    await results.complete([completion, completionOf(kept)], 6);
    await results.abortOwned([{ taskId: owner, resultIds: [aborted.resultId] }], 7);

    const ids = resultIdsOf([created, completed, aborted, staged]);
    const { resultId, objectId: object } = completion;
    const objects = [{ resultId, objectId: object }];
    expect(await results.delete([...ids, someResult()])).toEqual(objects);
    expect(await results.complete([completionOf(created), completion], 8)).toEqual([false, false]);
    const owned = [{ taskId: owner, resultIds: ids }];
    expect(await results.abortOwned(owned, 8)).toEqual([]);
    expect(await results.delete(ids)).toEqual(objects);
    const rows = await results.get([...ids, kept.resultId]);
    expect(rows.map(({ status, completedAt }) => [status, completedAt])).toEqual([
      [DELETED, undefined],
      [DELETED, 6],
      [DELETED, 7],
      [COMPLETED, 6],
    ]);
  });
}
