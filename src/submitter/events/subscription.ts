import { invalid } from "../../domain/errors.ts";
import type { FieldsByKind, Filter } from "../../domain/filter/conditions.ts";
import { type List, RESULTS, TASKS } from "../../domain/filter/lists.ts";
import { type SessionId, sessionId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Task } from "../../domain/task.ts";
import { type EventSubscriptionRequest, EventsEnum as Kind } from "../../gen/events_common.ts";
import { RESULT_LIST, TASK_LIST } from "../lists/fields.ts";
import { toFilter } from "../lists/query.ts";
import { type Matcher, toMatcher, withinSession } from "./match.ts";
import { requireWatchedResultFields, requireWatchedTaskFields } from "./watched.ts";

/** What one caller wants to be told. */
export interface Subscription {
  readonly sessionId: SessionId;
  readonly kinds: ReadonlySet<number>;
  readonly tasks: Matcher<Task>;
  readonly results: Matcher<Result>;
}

const ALL = [
  Kind.NEW_TASK,
  Kind.TASK_STATUS_UPDATE,
  Kind.NEW_RESULT,
  Kind.RESULT_STATUS_UPDATE,
  Kind.RESULT_OWNER_UPDATE,
];

/** None named means all; UNSPECIFIED names none. */
function toKinds(kinds: readonly number[]): ReadonlySet<number> {
  const wrong = kinds.findIndex(
    (kind) => kind !== Kind.UNSPECIFIED && !ALL.some((k) => k === kind),
  );
  if (wrong >= 0) throw invalid(`returned_events[${wrong}]`, `is ${kinds[wrong]}`, "0 to 5");
  return new Set(kinds.length === 0 ? ALL : kinds.filter((kind) => kind !== Kind.UNSPECIFIED));
}

const NOTHING = { ids: new Set<string>(), byId: () => false, matches: () => false };

function toSessionMatcher<Row, Fields extends FieldsByKind>(
  filter: Filter<Fields>,
  session: string,
  list: List<Row, Fields>,
): Matcher<Row> {
  const possible = withinSession(filter, session);
  return possible ? toMatcher(possible, list) : NOTHING;
}

/** @throws {GridError} INVALID_ARGUMENT naming the field, what is wrong and what is allowed. */
export function toSubscription(request: EventSubscriptionRequest): Subscription {
  const { sessionId: session, tasksFilters, resultsFilters, returnedEvents } = request;
  const tasks = toFilter(tasksFilters ?? { or: [] }, TASK_LIST, "tasks_filters");
  const results = toFilter(resultsFilters ?? { or: [] }, RESULT_LIST, "results_filters");
  requireWatchedTaskFields(tasks);
  requireWatchedResultFields(results);
  return {
    sessionId: sessionId(session),
    kinds: toKinds(returnedEvents),
    tasks: toSessionMatcher(tasks, session, TASKS),
    results: toSessionMatcher(results, session, RESULTS),
  };
}
