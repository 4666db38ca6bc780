import type { Change, TableStorage } from "../../adaptors/table-storage.ts";
import type { ResultId, TaskId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Task } from "../../domain/task.ts";
import {
  type EventSubscriptionResponse as Event,
  EventsEnum as Kind,
} from "../../gen/events_common.ts";
import { toNewResult, toNewTask, toResultUpdate, toTaskStatus } from "./convert.ts";
import type { Subscription } from "./subscription.ts";

const KINDS = {
  newTask: Kind.NEW_TASK,
  taskStatus: Kind.TASK_STATUS_UPDATE,
  newResult: Kind.NEW_RESULT,
  resultStatus: Kind.RESULT_STATUS_UPDATE,
  resultOwner: Kind.RESULT_OWNER_UPDATE,
} as const satisfies Record<Change["kind"], number>;

/** Whether the subscription may be told of the change; the row decides, if it must be seen. */
export function isWanted({ kinds, tasks, results }: Subscription, change: Change): boolean {
  if (!kinds.has(KINDS[change.kind])) return false;
  const byId = "resultId" in change ? results.byId(change.resultId) : tasks.byId(change.taskId);
  return byId !== false;
}

interface Rows {
  readonly tasks: ReadonlyMap<TaskId, Task>;
  readonly results: ReadonlyMap<ResultId, Result>;
}

/** Reads the rows that the changes do not carry and the subscription needs; often none. */
async function readRows(
  tables: TableStorage,
  subscription: Subscription,
  changes: readonly Change[],
): Promise<Rows> {
  const tasks = new Set<TaskId>();
  const results = new Set<ResultId>();
  for (const change of changes) {
    if ("resultId" in change) {
      if (subscription.results.byId(change.resultId) === undefined) results.add(change.resultId);
    } else {
      const known = subscription.tasks.byId(change.taskId);
      if (known === undefined || change.kind === "newTask") tasks.add(change.taskId);
    }
  }
  return {
    tasks: new Map((await tables.tasks.get([...tasks])).map((row) => [row.taskId, row])),
    results: new Map((await tables.results.get([...results])).map((row) => [row.resultId, row])),
  };
}

function toTaskEvent(
  { sessionId, tasks: matcher }: Subscription,
  change: Extract<Change, { kind: "newTask" | "taskStatus" }>,
  { tasks }: Rows,
): Event | undefined {
  const row = tasks.get(change.taskId);
  if (!(matcher.byId(change.taskId) ?? (row && matcher.matches(row)))) return undefined;
  // As it was then: what it went through since follows, and never seems to go back.
  if (change.kind === "newTask") return row && toNewTask({ ...row, status: change.status });
  return toTaskStatus(sessionId, change);
}

function toResultEvent(
  { sessionId, results: matcher }: Subscription,
  change: Extract<Change, { kind: "newResult" | "resultStatus" | "resultOwner" }>,
  { results }: Rows,
): Event | undefined {
  const row = results.get(change.resultId);
  if (!(matcher.byId(change.resultId) ?? (row && matcher.matches(row)))) return undefined;
  return change.kind === "newResult"
    ? toNewResult(sessionId, change)
    : toResultUpdate(sessionId, change);
}

/** The events that the subscription is to be told of the changes it wants, in their order. */
export async function toEvents(
  tables: TableStorage,
  subscription: Subscription,
  changes: readonly Change[],
): Promise<Event[]> {
  const rows = await readRows(tables, subscription, changes);
  return changes.flatMap(
    (change) =>
      ("resultId" in change
        ? toResultEvent(subscription, change, rows)
        : toTaskEvent(subscription, change, rows)) ?? [],
  );
}
