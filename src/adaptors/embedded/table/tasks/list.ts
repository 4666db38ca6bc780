// Lists and counts of tasks. Filters become SQL; tasks of a session are found through its batches;
// counts by session and status come from the maintained counts, all others from the rows.
import type { Condition, FieldsByKind, Filter } from "../../../../domain/filter/conditions.ts";
import type { TaskFields } from "../../../../domain/filter/fields.ts";
import type { PartitionId } from "../../../../domain/ids.ts";
import { FINAL_TASK_STATUSES, TaskStatus } from "../../../../domain/status.ts";
import type { TaskCounts, TaskTable } from "../../../ports/table/tasks.ts";
import { type Columns, type Fragment, toWhere } from "../filters.ts";
import { type Listing, listRows } from "../listing.ts";
import type { Store } from "../store.ts";
import { type OptionsText, TASK_COLUMNS, type TaskRow, toTask } from "../task-rows.ts";

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
  readonly string: "sessionId";
  readonly status: "status";
  readonly number: never;
  readonly date: never;
  readonly duration: never;
  readonly boolean: never;
  readonly array: never;
}

const COUNTS: Columns<CountFields> = { fields: { sessionId: "session_id", status: "status" } };

/** Only then do the maintained counts tell the answer. */
const isCounted = (filter: Filter<TaskFields>): filter is Filter<CountFields> =>
  filter.every((all) => all.every(({ field }) => field === "sessionId" || field === "status"));

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

const isSession = (condition: Condition<TaskFields>) =>
  condition.kind === "string" && condition.field === "sessionId" && condition.operator === "equal";

/** The rows of the sessions that a filter names, through their batches: tasks have no such index. */
function narrow(filter: Filter<TaskFields>): Fragment | undefined {
  const sessions = filter.map((all) => all.find(isSession)?.value);
  if (sessions.length === 0 || sessions.includes(undefined)) return undefined;
  if (filter.every((all) => all.some(({ field }) => field === "taskId"))) return undefined;
  return {
    sql: `batch_id IN (SELECT batch_id FROM task_batches
            WHERE session_id IN (SELECT value FROM json_each(?)))`,
    params: [JSON.stringify([...new Set(sessions)])],
  };
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
      const counts = isCounted(query.filter) ? countedByStatus(store, query.filter) : undefined;
      const total = counts?.reduce((sum, { count }) => sum + count, 0);
      const page = listRows(store, TASKS, query, { narrowed: narrow(query.filter), total });
      return {
        total: page.total,
        rows: (page.rows as TaskRow[]).map((row) => toTask(row, options)),
      };
    }),

  openByPartition: () =>
    store.read(() => {
      const rows = store.tuples(OPEN).all() as unknown as readonly OpenTuple[];
      return rows.map(([partitionId, status, count]) => ({ partitionId, status, count }));
    }),

  countByStatus: (filter) =>
    store.read(() => {
      if (isCounted(filter)) return countedByStatus(store, filter);
      const where = toWhere(filter, TASKS);
      const narrowed = narrow(filter) ?? { sql: "TRUE", params: [] };
      return toCounts(
        store
          .prepare(
            `SELECT status, count(*) AS count FROM tasks
           WHERE ${TASKS.visible} AND (${narrowed.sql}) AND (${where.sql}) GROUP BY status`,
          )
          .all(...narrowed.params, ...where.params),
      );
    }),
});
