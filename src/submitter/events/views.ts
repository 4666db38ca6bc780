// How subscriptions look at tasks and results, and which of their fields may be watched.
import { invalid } from "../../domain/errors.ts";
import type { Field, Filter, ResultField, TaskField } from "../../domain/filter.ts";
import type { Result } from "../../domain/result.ts";
import type { Task } from "../../domain/task.ts";
import type { View } from "./match.ts";

type Watched<Name extends string> = Name | { readonly option: string };

const TASK_OPTIONS: ReadonlySet<Field<TaskField>> = new Set<TaskField>([
  "maxDurationMs",
  "maxRetries",
  "priority",
  "partitionId",
  "applicationName",
  "applicationVersion",
  "applicationNamespace",
  "applicationService",
  "engineType",
]);

const TASK_FIELDS: ReadonlySet<Watched<TaskField>> = new Set<TaskField>([
  "taskId",
  "sessionId",
  "payloadId",
  "ownerAgentId",
  "initialTaskId",
  "ownerHostname",
]);

const RESULT_FIELDS: ReadonlySet<Watched<ResultField>> = new Set<ResultField>([
  "ownerTaskId",
  "sessionId",
  "name",
  "resultId",
]);

type Readable = string | number | boolean | null | readonly string[];

/** Watched fields are the records' own, by name; what is absent has not happened. */
const readFrom = (record: object, field: string): Readable =>
  ((record as Record<string, unknown>)[field] as Readable | undefined) ?? null;

export const TASK_VIEW: View<Task, TaskField> = {
  id: "taskId",
  read: (task, field) => {
    if (typeof field === "object") return task.options.options[field.option] ?? null;
    return readFrom(TASK_OPTIONS.has(field) ? task.options : task, field);
  },
};

export const RESULT_VIEW: View<Result, ResultField> = {
  id: "resultId",
  read: (result, field) => (typeof field === "object" ? "" : readFrom(result, field)),
};

function requireWatched<Name extends string>(
  filter: Filter<Name>,
  path: string,
  { isWatched, allowed }: { isWatched: (field: Field<Name>) => boolean; allowed: string },
): void {
  for (const [i, clause] of filter.entries())
    for (const [j, { field }] of clause.entries())
      if (!isWatched(field))
        throw invalid(`${path}.or[${i}].and[${j}].field`, "cannot be watched", allowed);
}

/** @throws {GridError} INVALID_ARGUMENT when a field is named that no subscription can watch. */
export const requireWatchedTaskFields = (filter: Filter<TaskField>): void =>
  requireWatched(filter, "tasks_filters", {
    isWatched: (field) =>
      typeof field === "object" || TASK_FIELDS.has(field) || TASK_OPTIONS.has(field),
    allowed:
      "task_id, session_id, payload_id, initial_task_id, owner_pod_id, pod_hostname or an option",
  });

/** @throws {GridError} INVALID_ARGUMENT when a field is named that no subscription can watch. */
export const requireWatchedResultFields = (filter: Filter<ResultField>): void =>
  requireWatched(filter, "results_filters", {
    isWatched: (field) => RESULT_FIELDS.has(field),
    allowed: "result_id, session_id, name or owner_task_id",
  });
