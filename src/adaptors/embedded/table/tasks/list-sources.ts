// Where a list of tasks looks for its rows: in an index that holds few others, or has them in order.
//
//   LS1. A source leaves out no row that the filter matches; it only spares looking at others.
import type { Condition, Filter } from "../../../../domain/filter/conditions.ts";
import type { TaskFields } from "../../../../domain/filter/fields.ts";
import type { ListQuery } from "../../../../domain/filter/query.ts";
import { FINAL_TASK_STATUSES, TaskStatus } from "../../../../domain/status.ts";
import type { Fragment } from "../filters.ts";
import type { Source } from "../listing.ts";

const FINAL: ReadonlySet<number> = new Set(FINAL_TASK_STATUSES);
/** Of which an agent holds each; few at a time. */
const HELD: ReadonlySet<number> = new Set([TaskStatus.DISPATCHED, TaskStatus.PROCESSING]);
const WAITING: ReadonlySet<number> = new Set([TaskStatus.SUBMITTED]);

/** Going through the tasks of a session in order finds one sooner than sorting those found. */
const RARE = 1 / 8;

/** The values of the first such condition of each alternative; undefined if one has none. */
function valuesIn<Value>(
  filter: Filter<TaskFields>,
  read: (condition: Condition<TaskFields>) => Value | undefined,
): ReadonlySet<Value> | undefined {
  const values = filter.map((all) => all.map(read).find((value) => value !== undefined));
  if (values.length === 0 || values.includes(undefined)) return undefined;
  return new Set(values as Value[]);
}

const named = (name: "sessionId" | "taskId") => (one: Condition<TaskFields>) =>
  one.kind === "string" && one.field === name && one.operator === "equal" ? one.value : undefined;

const statusOf = (one: Condition<TaskFields>) =>
  one.kind === "status" && one.operator === "equal" ? one.value : undefined;

const isIn = (column: string, values: Iterable<string | number>): Fragment => {
  const [value, ...more] = values;
  return more.length === 0 && value !== undefined
    ? { sql: `${column} = ?`, params: [value] }
    : {
        sql: `${column} IN (SELECT value FROM json_each(?))`,
        params: [JSON.stringify([value, ...more])],
      };
};

const by = (index: string, sql: string, ...parts: readonly Fragment[]): Source => ({
  table: `tasks INDEXED BY ${index}`,
  where: {
    sql: [...parts.map((part) => part.sql), sql].join(" AND "),
    params: parts.flatMap(({ params }) => params),
  },
});

/**
 * @param shareOf which part of all tasks, or of those of these sessions, have one of these statuses, about.
 * @returns undefined when SQLite should choose.
 */
export function sourceOf(
  { filter, sort }: ListQuery<TaskFields>,
  shareOf: (statuses: ReadonlySet<number>, sessions: ReadonlySet<string> | undefined) => number,
): Source | undefined {
  if (valuesIn(filter, named("taskId"))) return undefined;
  const statuses = valuesIn(filter, statusOf);
  const sessions = valuesIn(filter, named("sessionId"));
  if (statuses?.isSubsetOf(HELD)) return by("tasks_holder", "holder IS NOT NULL");
  if (statuses?.isSubsetOf(WAITING)) return by("tasks_waiting", `status = ${TaskStatus.SUBMITTED}`);
  const inSessions = sessions ? [isIn("session_id", sessions)] : [];
  if (statuses?.isSubsetOf(FINAL)) {
    const inOrder = sort[0]?.field === "createdAt";
    if (!inOrder || shareOf(statuses, sessions) < RARE)
      return by("tasks_ended", "ended_at IS NOT NULL", isIn("ends_in", statuses), ...inSessions);
  }
  return sessions && by("tasks_session", "TRUE", ...inSessions);
}

/** The session of which the tasks that ended last come first, and all others after them. */
export function lastEndedOf({ filter, sort }: ListQuery<TaskFields>): string | undefined {
  const [first] = sort;
  if (first?.field !== "endedAt" || !first.descending) return undefined;
  if (valuesIn(filter, named("taskId")) || valuesIn(filter, statusOf)) return undefined;
  const [session, ...others] = valuesIn(filter, named("sessionId")) ?? [];
  return others.length === 0 ? session : undefined;
}
