// How a client learns that results are there: by the session's events, never by asking in a loop.
import { setTimeout as sleep } from "node:timers/promises";
import { ClientError, Status } from "nice-grpc";
import { type EventSubscriptionResponse, EventsEnum } from "../../src/gen/events_common.ts";
import { FilterStringOperator } from "../../src/gen/filters_common.ts";
import { ResultStatus } from "../../src/gen/result_status.ts";
import { ResultRawEnumField } from "../../src/gen/results_fields.ts";
import type { Filters } from "../../src/gen/results_filters.ts";
import type { Grid } from "./client.ts";

export interface Wait {
  readonly sessionId: string;
  readonly resultIds: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Statuses of a grid, or of something on the way to it, that is being restarted. */
const MAY_PASS: ReadonlySet<Status> = new Set([Status.UNAVAILABLE, Status.ABORTED, Status.UNKNOWN]);

/** For more results than that, all of the session's are cheaper to follow. */
const MAX_CONDITIONS = 100;

/** Returns once all results are completed, over as many event streams as it takes. */
export async function waitForResults(grid: Grid, wait: Wait): Promise<void> {
  const missing = new Set(wait.resultIds);
  let pauseMs = 0;
  while (missing.size > 0) {
    await sleep(pauseMs, undefined, { signal: wait.signal });
    try {
      // Each stream begins with how things stand: nothing is missed between two of them.
      const heard = await follow(grid, wait, missing);
      pauseMs = heard ? 100 : nextPause(pauseMs);
    } catch (error) {
      if (!(error instanceof ClientError && MAY_PASS.has(error.code))) throw error;
      pauseMs = nextPause(pauseMs);
    }
  }
}

const nextPause = (pauseMs: number): number => Math.min(Math.max(100, 2 * pauseMs), 5_000);

/** Takes off `missing` what one stream tells; answers whether it told anything before it ended. */
async function follow(grid: Grid, wait: Wait, missing: Set<string>): Promise<boolean> {
  const request = {
    sessionId: wait.sessionId,
    resultsFilters: anyOf(missing),
    returnedEvents: [EventsEnum.NEW_RESULT, EventsEnum.RESULT_STATUS_UPDATE],
  };
  let heard = false;
  for await (const event of grid.events.getEvents(
    request,
    wait.signal && { signal: wait.signal },
  )) {
    heard = true;
    const result = resultOf(event);
    if (!result || !missing.has(result.id)) continue;
    if (result.status === ResultStatus.ABORTED) throw await reasonOf(grid, result.id);
    if (result.status === ResultStatus.COMPLETED) missing.delete(result.id);
    if (missing.size === 0) break;
  }
  return heard;
}

function anyOf(resultIds: ReadonlySet<string>): Filters {
  if (resultIds.size > MAX_CONDITIONS) return { or: [] };
  const field = {
    $case: "resultRawField",
    value: { field: ResultRawEnumField.RESULT_ID },
  } as const;
  const is = (value: string) =>
    ({ $case: "filterString", value: { value, operator: FilterStringOperator.EQUAL } }) as const;
  return {
    or: [...resultIds].map((id) => ({ and: [{ field: { field }, valueCondition: is(id) }] })),
  };
}

function resultOf({ update }: EventSubscriptionResponse) {
  if (update?.$case !== "newResult" && update?.$case !== "resultStatusUpdate") return undefined;
  return { id: update.value.resultId, status: update.value.status };
}

/** Why a result will never come is written on the task that was to produce it. */
async function reasonOf(grid: Grid, resultId: string): Promise<Error> {
  const { result } = await grid.results.getResult({ resultId });
  const { task } = await grid.tasks.getTask({ taskId: result?.ownerTaskId ?? "" });
  return new Error(
    `Result ${resultId} was aborted, because task ${task?.id} failed: ${task?.output?.error}`,
  );
}
