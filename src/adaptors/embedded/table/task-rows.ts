// A task as a row of `tasks`, in both directions.
import { LRUCache } from "lru-cache";
import type { AgentId, BatchId, SessionId, TaskId } from "../../../domain/ids.ts";
import type { TaskStatus } from "../../../domain/status.ts";
import type { CommitRecord, Task, TaskDefinition } from "../../../domain/task.ts";
import type { TaskOptions } from "../../../domain/task-options.ts";
import type { TaskRef } from "./ledger.ts";

/** What `toTask` needs of a row of `tasks`, in this order. What is not searched much is JSON. */
export const TASK_COLUMNS = `task_id, session_id, batch_id, status, attempt, owner, hostname,
  created_at, submitted_at, received_at, acquired_at, fetched_at, started_at, processed_at,
  ended_at, record, options, definition, interruptions`;

export type TaskRow = readonly [
  taskId: TaskId,
  sessionId: SessionId,
  batchId: BatchId,
  status: TaskStatus,
  attempt: number,
  owner: AgentId | "",
  hostname: string,
  createdAt: number,
  submittedAt: number | null,
  receivedAt: number | null,
  acquiredAt: number | null,
  fetchedAt: number | null,
  startedAt: number | null,
  processedAt: number | null,
  endedAt: number | null,
  record: string | null,
  options: string,
  definition: string,
  interruptions: number | null,
];

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

/** What the ledger must know of a task. */
export const refOf = ({ taskId, sessionId, batchId, options }: TaskDefinition): TaskRef => ({
  task_id: taskId,
  session_id: sessionId,
  batch_id: batchId,
  partition_id: options.partitionId,
});

export function toTask(row: TaskRow, options: OptionsText): Task {
  const [taskId, sessionId, batchId, status, attempt, ownerAgentId, ownerHostname] = row;
  const [, , , , , , , createdAt, submittedAt, receivedAt, acquiredAt, fetchedAt] = row;
  const [, , , , , , , , , , , , startedAt, processedAt, endedAt, record, optionsText] = row;
  const definition = JSON.parse(row[17]) as Definition;
  return {
    taskId,
    sessionId,
    batchId,
    payloadId: definition.payloadId,
    dataDependencies: definition.dataDependencies,
    expectedOutputIds: definition.expectedOutputIds,
    options: options.parse(optionsText),
    parentTaskIds: definition.parentTaskIds,
    retryOfIds: definition.retryOfIds,
    initialTaskId: definition.initialTaskId,
    createdBy: definition.createdBy,
    createdAt,
    crashCount: definition.crashCount,
    status,
    attempt,
    interruptions: row[18] ?? undefined,
    ownerAgentId,
    ownerHostname,
    submittedAt: submittedAt ?? undefined,
    receivedAt: receivedAt ?? undefined,
    acquiredAt: acquiredAt ?? undefined,
    fetchedAt: fetchedAt ?? undefined,
    startedAt: startedAt ?? undefined,
    // The column dates every decision; of a task that never ran nothing was processed.
    processedAt: startedAt === null ? undefined : (processedAt ?? undefined),
    endedAt: endedAt ?? undefined,
    commit: record === null ? undefined : (JSON.parse(record) as CommitRecord),
  };
}
