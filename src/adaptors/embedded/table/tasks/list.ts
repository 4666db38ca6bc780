// Lists and counts of tasks. Filters become SQL; tasks of a session are found through its batches;
// counts by session and status come from the maintained counts, all others from the rows.
import type { Condition, FieldsByKind, Filter } from "../../../../domain/filter/conditions.ts";
import type { TaskFields } from "../../../../domain/filter/fields.ts";
import type { ListQuery } from "../../../../domain/filter/query.ts";
import type { PartitionId } from "../../../../domain/ids.ts";
import { FINAL_TASK_STATUSES, TaskStatus } from "../../../../domain/status.ts";
import type { TaskCounts, TaskTable } from "../../../ports/table/tasks.ts";
import { type Columns, type Fragment, toWhere } from "../filters.ts";
import { type Listing, listRows, type Source, toFrom, toOrder } from "../listing.ts";
import type { Store } from "../store.ts";
import { type OptionsText, TASK_COLUMNS, type TaskRow, toTask } from "../task-rows.ts";
import { lastEndedOf, sourceOf } from "./list-sources.ts";

const option = (name: string): string => `json_extract(options, '$.${name}')`;
const defined = (name: string): string => `json_extract(definition, '$.${name}')`;

const TASKS: Listing<TaskFields> = {
  table: "tasks",
  columns: TASK_COLUMNS,
  key: "task_id",
  // T2
  visible: `status <> ${TaskStatus.CREATING}`,
  options: "options, '$.options'",
  fields: {
    taskId: "task_id",
    sessionId: "session_id",
    ownerAgentId: "owner",
    ownerHostname: "hostname",
    initialTaskId: defined("initialTaskId"),
    payloadId: defined("payloadId"),
    createdBy: defined("createdBy"),
    error: "coalesce(json_extract(record, '$.error'), '')",
    status: "status",
    createdAt: "created_at",
    submittedAt: "submitted_at",
    receivedAt: "received_at",
    acquiredAt: "acquired_at",
    fetchedAt: "fetched_at",
    startedAt: "started_at",
    processedAt: "CASE WHEN started_at IS NOT NULL THEN processed_at END",
    endedAt: "ended_at",
    creationToEndMs: "(ended_at - created_at)",
    processingToEndMs: "(ended_at - started_at)",
    receivedToEndMs: "(ended_at - received_at)",
    maxDurationMs: option("maxDurationMs"),
    maxRetries: option("maxRetries"),
    priority: "priority",
    partitionId: "partition_id",
    applicationName: option("applicationName"),
    applicationVersion: option("applicationVersion"),
    applicationNamespace: option("applicationNamespace"),
    applicationService: option("applicationService"),
    engineType: option("engineType"),
  },
};

/** The fields by which counts are kept. */
interface CountFields extends FieldsByKind {
  readonly string: "sessionId" | "partitionId";
  readonly status: "status";
  readonly number: never;
  readonly date: never;
  readonly duration: never;
  readonly boolean: never;
  readonly array: never;
}

const COUNTS: Columns<CountFields> = {
  fields: { sessionId: "session_id", partitionId: "partition_id", status: "status" },
};

/** Only then do the maintained counts tell the answer. */
const isCounted = (filter: Filter<TaskFields>): filter is Filter<CountFields> =>
  filter.every((all) => all.every(({ field }) => Object.hasOwn(COUNTS.fields, String(field))));

function countedByStatus(store: Store, filter: Filter<CountFields>): TaskCounts[] {
  const where = toWhere(filter, COUNTS);
  return toCounts(
    store
      .prepare(
        `SELECT status, sum(count) AS count FROM task_counts WHERE ${where.sql}
       GROUP BY status HAVING sum(count) > 0`,
      )
      .all(...where.params),
  );
}

/** Plain objects: SQLite's have no prototype. */
const toCounts = (rows: unknown[]): TaskCounts[] =>
  (rows as TaskCounts[]).map(({ status, count }) => ({ status, count }));

/** By the counts, which may lag: it only matters for speed. */
const shareIn =
  (store: Store) =>
  (statuses: ReadonlySet<number>, sessions: ReadonlySet<string> | undefined): number => {
    const filter = [...(sessions ?? [])].map((value): Condition<CountFields>[] => [
      { kind: "string", field: "sessionId", operator: "equal", value },
    ]);
    const counts = countedByStatus(store, filter);
    const sumOf = (some: readonly TaskCounts[]) => some.reduce((sum, { count }) => sum + count, 0);
    return sumOf(counts.filter(({ status }) => statuses.has(status))) / (sumOf(counts) || 1);
  };

/**
 * The tasks that could be on this page if all of the session's are sorted by their end, the last
 * one first: of each final status so many.
 */
function lastEnded(session: string, query: ListQuery<TaskFields>): Source {
  const order = toOrder(query.sort, TASKS);
  const most = (query.page + 1) * query.pageSize;
  const parts = FINAL_TASK_STATUSES.map((status): Fragment => {
    const sql = `session_id = ? AND ends_in = ${status} AND ended_at IS NOT NULL`;
    const where = { sql, params: [session] };
    const from = toFrom(TASKS, query.filter, { table: "tasks INDEXED BY tasks_ended", where });
    return {
      sql: `SELECT * FROM (SELECT n ${from.sql} ${order.sql} LIMIT ?)`,
      params: [...from.params, ...order.params, most],
    };
  });
  return {
    // By its row number.
    table: "tasks NOT INDEXED",
    where: {
      sql: `n IN (${parts.map(({ sql }) => sql).join(" UNION ALL ")})`,
      params: parts.flatMap(({ params }) => params),
    },
  };
}

function listTasks(store: Store, query: ListQuery<TaskFields>) {
  const counts = isCounted(query.filter) ? countedByStatus(store, query.filter) : undefined;
  const total = counts?.reduce((sum, { count }) => sum + count, 0);
  const session = lastEndedOf(query);
  if (session !== undefined && total !== undefined) {
    const page = listRows(store, TASKS, query, { source: lastEnded(session, query), total });
    if (page.rows.length === query.pageSize) return page;
  }
  return listRows(store, TASKS, query, { source: sourceOf(query, shareIn(store)), total });
}

const OPEN = `SELECT partition_id, status, sum(count)
  FROM task_counts INDEXED BY task_counts_open
  WHERE count > 0 AND status NOT IN (${FINAL_TASK_STATUSES})
  GROUP BY partition_id, status`;

type OpenTuple = readonly [partitionId: PartitionId | "", status: TaskStatus, count: number];

type Lists = Pick<TaskTable, "list" | "countByStatus" | "openByPartition">;

export const taskLists = (store: Store, options: OptionsText): Lists => ({
  list: (query) =>
    store.read(() => {
      const { rows, total } = listTasks(store, query);
      return { rows: (rows as TaskRow[]).map((row) => toTask(row, options)), total };
    }),

  openByPartition: () =>
    store.read(() => {
      const rows = store.tuples(OPEN).all() as unknown as readonly OpenTuple[];
      return rows.map(([partitionId, status, count]) => ({ partitionId, status, count }));
    }),

  countByStatus: (filter) =>
    store.read(() => {
      if (isCounted(filter)) return countedByStatus(store, filter);
      const source = sourceOf({ filter, sort: [], page: 0, pageSize: 0 }, shareIn(store));
      const { sql, params } = toFrom(TASKS, filter, source);
      const statement = store.prepare(`SELECT status, count(*) AS count ${sql} GROUP BY status`);
      return toCounts(statement.all(...params));
    }),
});
