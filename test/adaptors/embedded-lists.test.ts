// Lists that people look at all day are read from an index, however many tasks there are.
import { expect, it } from "vitest";
import { openFolder } from "../../src/adaptors/embedded/folder.ts";
import { tablesOf } from "../../src/adaptors/embedded/table/open.ts";
import { openStore } from "../../src/adaptors/embedded/table/store.ts";
import type { TableStorage } from "../../src/adaptors/table-storage.ts";
import type { Condition } from "../../src/domain/filter/conditions.ts";
import type { TaskFields } from "../../src/domain/filter/fields.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { someSession } from "../support/rows.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const path = temporaryFolder();

interface Step {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

/** How SQLite finds the keys of a page, of the first statement that lists. */
async function planOf(list: (tables: TableStorage) => Promise<unknown>): Promise<string[]> {
  await using folder = openFolder(path());
  await using store = openStore(folder);
  const texts: string[] = [];
  const prepare = (text: string) => {
    texts.push(text);
    return store.prepare(text);
  };
  await list(tablesOf({ ...store, prepare }));
  const plans = texts.map((text) => {
    const steps = store.prepare(`EXPLAIN QUERY PLAN ${text}`).all() as unknown as Step[];
    const keys = steps.find(({ detail }) => detail.startsWith("LIST SUBQUERY"));
    return keys && steps.filter(({ parent }) => parent === keys.id).map(({ detail }) => detail);
  });
  return plans.find((plan) => plan !== undefined) ?? [];
}

const SESSION: Condition<TaskFields> = {
  ...{ kind: "string", field: "sessionId", operator: "equal", value: someSession() },
};
const having = (value: TaskStatus): Condition<TaskFields> => ({
  ...{ kind: "status", field: "status", operator: "equal", value },
});
const sortBy = (field: "createdAt" | "endedAt", descending: boolean) =>
  [{ field, descending }] as const;

const tasks = (filter: Condition<TaskFields>[][], sort: ReturnType<typeof sortBy>) =>
  planOf((tables) => tables.tasks.list({ filter, sort, page: 0, pageSize: 1 }));

it.each([false, true])(
  "tasks of a session by their creation, descending: %s",
  async (descending) => {
    expect(await tasks([[SESSION]], sortBy("createdAt", descending))).toEqual([
      "SEARCH tasks USING INDEX tasks_session (session_id=?)",
    ]);
  },
);

it("the tasks of a session that ended last", async () => {
  const plan = await tasks([[SESSION]], sortBy("endedAt", true));
  expect(plan[0]).toBe("SEARCH tasks USING INTEGER PRIMARY KEY (rowid=?)");
});

it.each([TaskStatus.ERROR, TaskStatus.CANCELLED])(
  "tasks of a session that ended in %s, of which there are few",
  async (status) => {
    expect(await tasks([[SESSION, having(status)]], sortBy("createdAt", true))).toEqual([
      "SEARCH tasks USING INDEX tasks_ended (ends_in=? AND session_id=? AND ended_at>?)",
      "USE TEMP B-TREE FOR ORDER BY",
    ]);
  },
);

it("tasks that run, of any session", async () => {
  const running = [[having(TaskStatus.PROCESSING)], [having(TaskStatus.DISPATCHED)]];
  expect(await tasks(running, sortBy("createdAt", true))).toEqual([
    "SEARCH tasks USING INDEX tasks_holder (holder>?)",
    "USE TEMP B-TREE FOR ORDER BY",
  ]);
});

it("all tasks by their creation", async () => {
  expect(await tasks([], sortBy("createdAt", true))).toEqual([
    "SCAN tasks USING INDEX tasks_created",
  ]);
});

it("all sessions by their creation", async () => {
  const sort = [{ field: "createdAt", descending: true }] as const;
  const list = { filter: [], sort, page: 0, pageSize: 100 };
  expect(await planOf((tables) => tables.sessions.list(list))).toEqual([
    "SCAN sessions USING COVERING INDEX sessions_created",
  ]);
});
