// Which fields subscriptions may be filtered by: those that never change, or with their events.
import { invalid } from "../../domain/errors.ts";
import type { Field, FieldsByKind, Filter } from "../../domain/filter/conditions.ts";
import { OPTION_FIELDS, type ResultFields, type TaskFields } from "../../domain/filter/fields.ts";

const TASK_NAMES: ReadonlySet<string> = new Set<Field<TaskFields>>([
  "taskId",
  "sessionId",
  "payloadId",
  "ownerAgentId",
  "initialTaskId",
  "ownerHostname",
]) as ReadonlySet<string>;

const RESULT_NAMES: ReadonlySet<Field<ResultFields>> = new Set([
  "ownerTaskId",
  "sessionId",
  "name",
  "resultId",
]);

function requireWatched<Fields extends FieldsByKind>(
  filter: Filter<Fields>,
  path: string,
  { isWatched, allowed }: { isWatched: (field: Field<Fields>) => boolean; allowed: string },
): void {
  for (const [i, clause] of filter.entries())
    for (const [j, { field }] of clause.entries())
      if (!isWatched(field))
        throw invalid(`${path}.or[${i}].and[${j}].field`, "cannot be watched", allowed);
}

/** @throws {GridError} INVALID_ARGUMENT when a field is named that no subscription can watch. */
export const requireWatchedTaskFields = (filter: Filter<TaskFields>): void =>
  requireWatched(filter, "tasks_filters", {
    isWatched: (field) =>
      typeof field === "object" || TASK_NAMES.has(field) || Object.hasOwn(OPTION_FIELDS, field),
    allowed:
      "task_id, session_id, payload_id, initial_task_id, owner_pod_id, pod_hostname or an option",
  });

/** @throws {GridError} INVALID_ARGUMENT when a field is named that no subscription can watch. */
export const requireWatchedResultFields = (filter: Filter<ResultFields>): void =>
  requireWatched(filter, "results_filters", {
    isWatched: (field) => RESULT_NAMES.has(field),
    allowed: "result_id, session_id, name or owner_task_id",
  });
