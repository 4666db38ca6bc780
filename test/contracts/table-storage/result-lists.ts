import fc from "fast-check";
import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { Condition } from "../../../src/domain/filter/conditions.ts";
import { RESULT_FIELDS, type ResultFields } from "../../../src/domain/filter/fields.ts";
import { RESULTS } from "../../../src/domain/filter/lists.ts";
import { objectId, type SessionId, taskId } from "../../../src/domain/ids.ts";
import type { Result } from "../../../src/domain/result.ts";
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
import { anyText, anyTime } from "./any-values.ts";
import { inSession } from "./conditions.ts";
import { checkField, checkFilter, checkQueries, checkSorting, type Listed } from "./list-checks.ts";

const { ABORTED, COMPLETED, CREATED, DELETED } = ResultStatus;

async function populate({ results }: TableStorage, session: SessionId): Promise<Result[]> {
  const owner = someTask();
  const rows = [CREATED, COMPLETED, ABORTED, DELETED, CREATED, COMPLETED].map((status, i) =>
    resultIn(session, {
      status,
      name: i % 2 ? `Resült ${i}` : "result_%",
      createdBy: i % 3 ? "" : someTask(),
      ownerTaskId: i % 2 ? owner : "",
      createdAt: 10 - i,
      ...(status === CREATED ? {} : { completedAt: 20 + i }),
      ...(status === COMPLETED ? { size: i, objectId: objectId(`object ${i}`) } : {}),
      manualDeletion: i % 3 === 0,
    }),
  );
  await results.create(rows);
  return results.get(resultIdsOf(rows));
}

const anyResult = fc.record({
  status: fc.constantFrom(ABORTED, COMPLETED, CREATED, DELETED),
  name: anyText,
  createdBy: anyText.map(taskId),
  ownerTaskId: anyText.map(taskId),
  objectId: anyText.map(objectId),
  createdAt: anyTime,
  completedAt: fc.option(anyTime, { nil: undefined }),
  size: fc.nat(3),
  manualDeletion: fc.boolean(),
});

export function resultLists({ open }: TableStoragePromises): void {
  const listed = (
    tables: TableStorage,
    session: SessionId,
    rows: readonly Result[],
  ): Listed<Result, ResultFields> => ({
    list: RESULTS,
    scope: inSession(session),
    read: tables.results.list,
    rows,
  });
  const populated = async (): Promise<Listed<Result, ResultFields>> => {
    const tables = await open();
    const session = someSession();
    return listed(tables, session, await populate(tables, session));
  };

  for (const field of Object.keys(RESULT_FIELDS) as (keyof typeof RESULT_FIELDS)[]) {
    it(`lists results by ${field}, with each operator`, async () => {
      await checkField(await populated(), field);
    });
  }

  it("sorts results by each field, and in pages", async () => {
    await checkSorting(await populated());
  });

  it("combines conditions on results, and alternatives of them", async () => {
    await checkQueries(await populated(), 200);
  });

  it("answers any query about any results as it is meant", async () => {
    const tables = await open();
    const some = fc.array(anyResult, { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(some, async (changes) => {
        const session = someSession();
        const rows = changes.map((change) => resultIn(session, change));
        await tables.results.create(rows);
        await checkQueries(listed(tables, session, rows), 25);
      }),
      { numRuns: 60 },
    );
  });

  it("finds the results of tens of thousands of owners", async () => {
    const listed = await populated();
    const owners = [...listed.rows.map(({ ownerTaskId }) => ownerTaskId), "\0", "", '"'];
    const asked = [...owners, ...Array.from({ length: 40_000 }, someTask)];
    const filter = asked.map((value): Condition<ResultFields>[] => [
      { kind: "string", field: "ownerTaskId", operator: "equal", value },
    ]);
    await checkFilter(listed, filter);
  });

  it("finds the results that a client waits for among thousands of names", async () => {
    const listed = await populated();
    const asked = [...resultIdsOf(listed.rows), ...Array.from({ length: 3_000 }, someResult)];
    const filter = asked.map((value): Condition<ResultFields>[] => [
      { kind: "string", field: "resultId", operator: "equal", value },
    ]);
    await checkFilter(listed, filter);
  });

  it("walks over every result of a session once, whatever changes meanwhile", async () => {
    const { results } = await open();
    const session = someSession();
    const rows = resultsIn(session, 2_500);
    await results.create(rows);
    await results.create([resultIn(session)], someStage());
    await results.create([resultIn(someSession())]);
    const seen: Result[] = [];
    for await (const page of results.walk(session)) {
      seen.push(...page);
      await results.create([resultIn(session)]);
      await results.complete(rows.map(completionOf), 9);
    }
    expect(new Set(resultIdsOf(seen)).size).toBe(seen.length);
    const missed = new Set(resultIdsOf(rows)).difference(new Set(resultIdsOf(seen)));
    expect(missed).toEqual(new Set());
    expect(seen.at(-1)?.sessionId).toBe(session);
    expect((await Array.fromAsync(results.walk(someSession()))).flat()).toEqual([]);
  });
}
