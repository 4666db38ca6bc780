import fc from "fast-check";
import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { Condition, ResultField } from "../../../src/domain/filter.ts";
import { objectId, type SessionId } from "../../../src/domain/ids.ts";
import type { Result } from "../../../src/domain/result.ts";
import { ResultStatus } from "../../../src/domain/status.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { inSession } from "./conditions.ts";
import {
  checkField,
  checkFilter,
  checkSorting,
  conditionsOn,
  type Kind,
  type Listed,
} from "./list-checks.ts";
import {
  completionOf,
  resultIdsOf,
  resultIn,
  resultsIn,
  someResult,
  someSession,
  someStage,
  someTask,
} from "./rows.ts";

const KINDS: Readonly<Record<ResultField, Kind>> = {
  resultId: "string",
  sessionId: "string",
  name: "string",
  ownerTaskId: "string",
  createdBy: "string",
  objectId: "string",
  status: "status",
  createdAt: "date",
  completedAt: "date",
  size: "number",
  manualDeletion: "boolean",
};
const FIELDS = Object.entries(KINDS) as [ResultField, Kind][];

async function populate({ results }: TableStorage, session: SessionId): Promise<Result[]> {
  const { ABORTED, COMPLETED, CREATED, DELETED } = ResultStatus;
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

export function resultLists({ open }: TableStoragePromises): void {
  const populated = async (): Promise<Listed<ResultField, Result>> => {
    const tables = await open();
    const session = someSession();
    const rows = await populate(tables, session);
    return { scope: inSession(session), key: "resultId", list: tables.results.list, rows };
  };

  for (const [field, kind] of FIELDS) {
    it(`lists results by ${field}, with each operator`, async () => {
      await checkField(await populated(), kind, field);
    });
  }

  it("sorts results by each field, and in pages", async () => {
    const listed = await populated();
    for (const [field] of FIELDS) await checkSorting(listed, field);
  });

  it("combines conditions on results, and alternatives of them", async () => {
    const listed = await populated();
    const all = FIELDS.flatMap(([field, kind]) => conditionsOn(listed, kind, field));
    const filter = fc.array(fc.array(fc.constantFrom(...all), { maxLength: 3 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(filter, (some) => checkFilter(listed, some)),
      {
        numRuns: 200,
      },
    );
  });

  it("finds the results of tens of thousands of owners", async () => {
    const listed = await populated();
    const owners = [...listed.rows.map(({ ownerTaskId }) => ownerTaskId), "\0", "", '"'];
    const asked = [...owners, ...Array.from({ length: 40_000 }, someTask)];
    const filter = asked.map((value): Condition<ResultField>[] => [
      { kind: "string", field: "ownerTaskId", operator: "equal", value },
    ]);
    await checkFilter(listed, filter);
  });

  it("finds the results that a client waits for among thousands of names", async () => {
    const listed = await populated();
    const asked = [...resultIdsOf(listed.rows), ...Array.from({ length: 3_000 }, someResult)];
    const filter = asked.map((value): Condition<ResultField>[] => [
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
