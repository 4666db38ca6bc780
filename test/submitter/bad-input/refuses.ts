// Requests that must be refused, by status and words, and leave the server as it was.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpenGrid, openGrid } from "../open-grid.ts";
import { refusalOf } from "../refusal.ts";
import { newPayload, newResults, newSession } from "../steps.ts";

/** What requests may name. */
export interface Ids {
  session: string;
  payload: string;
  output: string;
  aborted: string;
  /** A result of another session. */
  foreign: string;
}

export type Case = [
  what: string,
  call: (grid: OpenGrid, ids: Ids) => Promise<unknown>,
  status: string,
  words: RegExp,
];

export const UNKNOWN = "11111111-2222-3333-4444-555555555555";

export const taskFilter = (field: object, valueCondition: object) =>
  ({ or: [{ and: [{ field: { field }, valueCondition }] }] }) as never;

export const summary = (field: number) => ({ $case: "taskSummaryField", value: { field } });
export const text = { $case: "filterString", value: { value: "x", operator: 0 } };

export async function drain(stream: AsyncIterable<unknown>) {
  for await (const _ of stream);
}

async function makeIds(grid: OpenGrid): Promise<Ids> {
  const session = await newSession(grid);
  const [output = "", aborted = ""] = await newResults(grid, session, ["output", "aborted"]);
  const payload = await newPayload(grid, session);
  const elsewhere = await newSession(grid);
  const [foreign = ""] = await newResults(grid, elsewhere, ["foreign"]);
  const { tables } = grid.stores;
  await tables.results.claim([{ resultId: aborted as never, taskId: "t" as never }]);
  await tables.results.abortOwned([{ taskId: "t" as never, resultIds: [aborted as never] }], 1);
  return { session, payload, output, aborted, foreign };
}

/** Declares a test a case, on a control plane that all of them share. */
export function refuses(name: string, cases: Case[]): void {
  describe(name, () => {
    let grid: OpenGrid;
    let ids: Ids;
    beforeAll(async () => {
      grid = await openGrid();
      ids = await makeIds(grid);
    });
    afterAll(() => grid[Symbol.asyncDispose]());

    it.each(cases)("refuses %s", async (_what, call, status, words) => {
      const refusal = await refusalOf(call(grid, ids));
      expect(refusal).toEqual({ status, details: expect.stringMatching(words) });
    });

    it("goes on as if nothing had been asked", async () => {
      const { session, payload } = ids;
      expect(await grid.tasks.countTasksByStatus({})).toEqual({ status: [] });
      const taskCreations = [{ payloadId: payload }];
      await grid.tasks.submitTasks({ sessionId: session, taskCreations });
      const status = [{ status: 2, count: 1 }];
      expect(await grid.tasks.countTasksByStatus({})).toEqual({ status });
      expect(grid.lines.filter(({ level }) => level === "error")).toEqual([]);
    });
  });
}
