import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { Condition } from "../../../src/domain/filter/conditions.ts";
import { SESSION_FIELDS, type SessionFields } from "../../../src/domain/filter/fields.ts";
import { SESSIONS } from "../../../src/domain/filter/lists.ts";
import { partitionId, sessionId } from "../../../src/domain/ids.ts";
import type { Session } from "../../../src/domain/session.ts";
import { SessionStatus } from "../../../src/domain/status.ts";
import { sessionRow } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { anyOptions, anyText, anyTime, OPTION_FIELDS } from "./any-values.ts";
import { checkField, checkQueries, checkSorting, type Listed } from "./list-checks.ts";

const MARK = "mark of a test";

const maybeTime = fc.option(anyTime, { nil: undefined });

/** Sessions that differ in all that one can ask for. */
const anySession = fc.record({
  status: fc.constantFrom(...Object.values(SessionStatus)),
  clientSubmission: fc.boolean(),
  workerSubmission: fc.boolean(),
  partitionIds: fc.array(anyText.map(partitionId), { minLength: 1, maxLength: 3 }),
  defaultOptions: anyOptions,
  createdAt: anyTime,
  cancelledAt: maybeTime,
  closedAt: maybeTime,
  purgedAt: maybeTime,
  deletedAt: maybeTime,
  durationMs: fc.option(fc.nat(3), { nil: undefined }),
});

export function sessionLists({ open }: TableStoragePromises): void {
  /** Stores the sessions, marked as those of one test by an option. */
  const listed = async (
    { sessions }: TableStorage,
    changes: readonly Partial<Session>[],
  ): Promise<Listed<Session, SessionFields>> => {
    const value = randomUUID();
    const rows = changes.map((change) => {
      const row = sessionRow(change);
      const { defaultOptions } = row;
      const options = { ...defaultOptions.options, [MARK]: value };
      return { ...row, defaultOptions: { ...defaultOptions, options } };
    });
    for (const row of rows) await sessions.create(row);
    const scope: Condition<SessionFields> = {
      ...{ kind: "string", field: { option: MARK }, operator: "equal", value },
    };
    return { list: SESSIONS, scope, read: sessions.list, rows, options: OPTION_FIELDS };
  };
  const populated = async () =>
    listed(await open(), fc.sample(anySession, { seed: 7, numRuns: 8 }));

  for (const field of Object.keys(SESSION_FIELDS) as (keyof typeof SESSION_FIELDS)[]) {
    it(`lists sessions by ${field}, with each operator`, async () => {
      await checkField(await populated(), field);
    });
  }

  it("lists sessions by any of their default options", async () => {
    const sessions = await populated();
    for (const field of OPTION_FIELDS) await checkField(sessions, field);
  });

  it("sorts sessions by each field, and in pages", async () => {
    await checkSorting(await populated());
  });

  it("answers any query about any sessions as it is meant", async () => {
    const tables = await open();
    const some = fc.array(anySession, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(some, async (changes) => checkQueries(await listed(tables, changes), 15)),
      { numRuns: 25 },
    );
  });

  it("lists a session as it is after a change", async () => {
    const tables = await open();
    const { scope, rows } = await listed(tables, [{}, {}]);
    const [first] = rows;
    const change = { status: SessionStatus.CLOSED, closedAt: 8, createdAt: 9, durationMs: 7 };
    await tables.sessions.change(
      first?.sessionId ?? sessionId(""),
      [SessionStatus.RUNNING],
      change,
    );
    const query = {
      page: 0,
      pageSize: 9,
      sort: [{ field: "createdAt", descending: true }],
    } as const;
    const { rows: all } = await tables.sessions.list({ ...query, filter: [[scope]] });
    expect(all).toEqual([{ ...first, ...change }, rows[1]]);
    const closed = { kind: "date", field: "closedAt", operator: "equal", value: 8 } as const;
    const { total } = await tables.sessions.list({ ...query, filter: [[scope, closed]] });
    expect(total).toBe(1);
  });
}
