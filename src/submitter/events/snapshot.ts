import type { TableStorage } from "../../adaptors/table-storage/index.ts";
import { resultId, taskId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Task } from "../../domain/task.ts";
import {
  type EventSubscriptionResponse as Event,
  EventsEnum as Kind,
} from "../../gen/events_common.ts";
import { toNewResult, toNewTask } from "./convert.ts";
import type { Matcher } from "./match.ts";
import type { Subscription } from "./subscription.ts";

const PAGE = 2_000;

interface Rows<Row> {
  get(ids: readonly string[]): Promise<readonly Row[]>;
  page(page: number): Promise<readonly Row[]>;
}

/**
 * Reads rows in pages. The filter is evaluated here: were it the store's, a row that stops matching
 * between two pages would move the others, and one of them would be missed.
 */
async function* readAll<Row>({ get, page }: Rows<Row>, { ids, matches }: Matcher<Row>) {
  if (ids) {
    const all = [...ids];
    for (let start = 0; start < all.length; start += PAGE)
      yield await get(all.slice(start, start + PAGE));
    return;
  }
  for (let number = 0; ; number += 1) {
    const rows = await page(number);
    yield rows.filter(matches);
    if (rows.length < PAGE) return;
  }
}

const ofSession = (session: string) =>
  [[{ kind: "string", field: "sessionId", operator: "equal", value: session }]] as const;

const tasksOf = ({ tasks }: TableStorage, session: string): Rows<Task> => ({
  get: async (ids) => (await tasks.get(ids.map(taskId))).filter((t) => t.sessionId === session),
  page: async (page) => {
    const sort = { field: "taskId", descending: false } as const;
    const query = { filter: ofSession(session), sort, page, pageSize: PAGE };
    return (await tasks.list(query)).rows;
  },
});

const resultsOf = ({ results }: TableStorage, session: string): Rows<Result> => ({
  get: async (ids) => (await results.get(ids.map(resultId))).filter((r) => r.sessionId === session),
  page: async (page) => {
    const sort = { field: "resultId", descending: false } as const;
    const query = { filter: ofSession(session), sort, page, pageSize: PAGE };
    return (await results.list(query)).rows;
  },
});

/** The rows that exist already, as if they were new. */
export async function* readSnapshot(
  tables: TableStorage,
  { sessionId, kinds, tasks, results }: Subscription,
): AsyncIterable<readonly Event[]> {
  if (kinds.has(Kind.NEW_TASK))
    for await (const rows of readAll(tasksOf(tables, sessionId), tasks)) yield rows.map(toNewTask);
  if (kinds.has(Kind.NEW_RESULT))
    for await (const rows of readAll(resultsOf(tables, sessionId), results))
      yield rows.map((row) => toNewResult(sessionId, row));
}
