import type { TableStorage } from "../../adaptors/table-storage.ts";
import { resultId, type SessionId, taskId } from "../../domain/ids.ts";
import {
  type EventSubscriptionResponse as Event,
  EventsEnum as Kind,
} from "../../gen/events_common.ts";
import { toNewResult, toNewTask } from "./convert.ts";
import type { Matcher } from "./match.ts";
import type { Subscription } from "./subscription.ts";

/** Rows that are looked up in one go. */
const SLICE = 2_000;

interface Rows<Row> {
  get(ids: readonly string[]): Promise<readonly Row[]>;
  walk(sessionId: SessionId): AsyncIterable<readonly Row[]>;
}

/** Named rows are looked up; for anything else the session is walked over and each row looked at. */
async function* readMatches<Row extends { readonly sessionId: SessionId }>(
  { get, walk }: Rows<Row>,
  { ids, matches }: Matcher<Row>,
  sessionId: SessionId,
): AsyncIterable<readonly Row[]> {
  if (!ids) {
    for await (const rows of walk(sessionId)) yield rows.filter(matches);
    return;
  }
  const all = [...ids];
  for (let start = 0; start < all.length; start += SLICE) {
    const rows = await get(all.slice(start, start + SLICE));
    yield rows.filter((row) => row.sessionId === sessionId);
  }
}

/** The rows that exist already, as if they were new. */
export async function* readSnapshot(
  { tasks, results }: TableStorage,
  subscription: Subscription,
): AsyncIterable<readonly Event[]> {
  const { sessionId, kinds } = subscription;
  if (kinds.has(Kind.NEW_TASK)) {
    const rows = { get: (ids: readonly string[]) => tasks.get(ids.map(taskId)), walk: tasks.walk };
    for await (const some of readMatches(rows, subscription.tasks, sessionId))
      yield some.map(toNewTask);
  }
  if (kinds.has(Kind.NEW_RESULT)) {
    const get = (ids: readonly string[]) => results.get(ids.map(resultId));
    const rows = { get, walk: results.walk };
    for await (const some of readMatches(rows, subscription.results, sessionId))
      yield some.map((row) => toNewResult(sessionId, row));
  }
}
