import { LRUCache } from "lru-cache";
import type { AgentId, BatchId, SessionId, StageId, TaskId } from "../../../domain/ids.ts";
import type { TaskStatus } from "../../../domain/status.ts";
import type { CommitRecord, Task, TaskDefinition } from "../../../domain/task.ts";
import type { TaskOptions } from "../../../domain/task-options.ts";

/** A row of `tasks`. What never changes and is not searched much is JSON. */
export interface TaskRow {
  readonly task_id: TaskId;
  readonly session_id: SessionId;
  readonly batch_id: BatchId;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly owner: AgentId | "";
  readonly hostname: string;
  readonly stage: StageId | null;
  readonly created_at: number;
  readonly submitted_at: number | null;
  readonly received_at: number | null;
  readonly acquired_at: number | null;
  readonly fetched_at: number | null;
  readonly started_at: number | null;
  readonly processed_at: number | null;
  readonly ended_at: number | null;
  readonly record: string | null;
  readonly options: string;
  readonly definition: string;
}

/** What of a definition has no column of its own. */
type Definition = Omit<
  TaskDefinition,
  "taskId" | "sessionId" | "batchId" | "createdAt" | "options"
>;

/** Turns options to text and back once for the many tasks that share them. */
export interface OptionsText {
  of(options: TaskOptions): string;
  parse(text: string): TaskOptions;
}

export function createOptionsText(): OptionsText {
  const texts = new WeakMap<TaskOptions, string>();
  const parsed = new LRUCache<string, TaskOptions>({ max: 200 });
  return {
    of(options) {
      let text = texts.get(options);
      if (text === undefined) {
        text = JSON.stringify(options);
        texts.set(options, text);
      }
      return text;
    },
    parse(text) {
      let options = parsed.get(text);
      if (!options) {
        options = JSON.parse(text) as TaskOptions;
        parsed.set(text, options);
      }
      return options;
    },
  };
}

export const toDefinitionText = (task: TaskDefinition): string =>
  JSON.stringify({
    payloadId: task.payloadId,
    dataDependencies: task.dataDependencies,
    expectedOutputIds: task.expectedOutputIds,
    parentTaskIds: task.parentTaskIds,
    retryOfIds: task.retryOfIds,
    initialTaskId: task.initialTaskId,
    createdBy: task.createdBy,
    crashCount: task.crashCount,
  } satisfies Definition);

/** Fixed order of keys, so that equal records are equal texts. */
export function toRecordText(record: CommitRecord): string {
  switch (record.outcome) {
    case "completed": {
      const results = record.results.map(({ resultId, objectId, size }) => ({
        resultId,
        objectId,
        size,
      }));
      return JSON.stringify({ outcome: record.outcome, results, staged: record.staged });
    }
    case "retried":
      return JSON.stringify({
        outcome: record.outcome,
        error: record.error,
        crashed: record.crashed,
      });
    default:
      return JSON.stringify({ outcome: record.outcome, error: record.error });
  }
}

export function toTask(row: TaskRow, options: OptionsText): Task {
  const definition = JSON.parse(row.definition) as Definition;
  return {
    taskId: row.task_id,
    sessionId: row.session_id,
    batchId: row.batch_id,
    payloadId: definition.payloadId,
    dataDependencies: definition.dataDependencies,
    expectedOutputIds: definition.expectedOutputIds,
    options: options.parse(row.options),
    parentTaskIds: definition.parentTaskIds,
    retryOfIds: definition.retryOfIds,
    initialTaskId: definition.initialTaskId,
    createdBy: definition.createdBy,
    createdAt: row.created_at,
    crashCount: definition.crashCount,
    status: row.status,
    attempt: row.attempt,
    ownerAgentId: row.owner,
    ownerHostname: row.hostname,
    submittedAt: row.submitted_at ?? undefined,
    receivedAt: row.received_at ?? undefined,
    acquiredAt: row.acquired_at ?? undefined,
    fetchedAt: row.fetched_at ?? undefined,
    startedAt: row.started_at ?? undefined,
    processedAt: row.processed_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    commit: row.record === null ? undefined : (JSON.parse(row.record) as CommitRecord),
  };
}
