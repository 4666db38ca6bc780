// F4: what became of a document was told, and nothing else was.
import type { Change, TableStorage } from "../../../../src/adaptors/table-storage.ts";
import { TaskStatus } from "../../../../src/domain/status.ts";
import { resultIn } from "../../../support/rows.ts";
import type { Cast } from "./cast.ts";

type Statuses = ReadonlyMap<string, number>;

async function statusesOf(tables: TableStorage, cast: Cast): Promise<Statuses> {
  const tasks = await tables.tasks.get(cast.taskIds);
  const results = await tables.results.get(cast.resultIds);
  return new Map<string, number>([
    // Never told.
    ...tasks.flatMap(({ taskId, status }) =>
      status === TaskStatus.PROCESSED ? [] : [[taskId, status] as const],
    ),
    ...results.map(({ resultId, status }) => [resultId, status] as const),
  ]);
}

const statusIn = (change: Change): (readonly [id: string, status: number])[] =>
  change.kind === "resultOwner"
    ? []
    : [["taskId" in change ? change.taskId : change.resultId, change.status]];

/** Listens from now on; answers how to hear which documents the feed tells wrongly, or not at all. */
export async function listen(tables: TableStorage, cast: Cast): Promise<() => Promise<string[]>> {
  const done = new AbortController();
  const feed = await tables.feed.open(cast.session, done.signal);
  const before = await statusesOf(tables, cast);
  return async () => {
    const told = new Map<string, number>();
    const last = resultIn(cast.session);
    await tables.results.create([last]);
    for await (const changes of feed) {
      for (const [id, status] of changes.flatMap(statusIn)) told.set(id, status);
      if (told.delete(last.resultId)) done.abort();
    }
    const after = await statusesOf(tables, cast);
    return [...after]
      .filter(([id, status]) => (told.get(id) ?? before.get(id)) !== status)
      .map(([id, status]) => `${id} is ${status} and was told ${told.get(id)}`);
  };
}
