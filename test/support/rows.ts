// Rows for the tests, with ids of their own: all tests of a driver share one store.
import { randomUUID } from "node:crypto";
import type { NewBatch } from "../../src/domain/batch.ts";
import {
  type AgentId,
  agentId,
  type BatchId,
  batchId,
  type HolderId,
  holderId,
  objectId,
  partitionId,
  resultId,
  type SessionId,
  type StageId,
  sessionId,
  stageOf,
  type TaskId,
  taskId,
} from "../../src/domain/ids.ts";
import type { Partition } from "../../src/domain/partition.ts";
import type { Result } from "../../src/domain/result.ts";
import type { Session } from "../../src/domain/session.ts";
import { ResultStatus, SessionStatus } from "../../src/domain/status.ts";
import type { CompletedResult, TaskDefinition } from "../../src/domain/task.ts";
import type { TaskOptions } from "../../src/domain/task-options.ts";

export const someSession = (): SessionId => sessionId(`session-${randomUUID()}`);
export const someTask = (): TaskId => taskId(`task-${randomUUID()}`);
export const someResult = () => resultId(`result-${randomUUID()}`);
export const someBatch = (): BatchId => batchId(`batch-${randomUUID()}`);
export const someAgent = (): AgentId => agentId(`agent-${randomUUID()}`);
export const someHolder = (): HolderId => holderId(`holder-${randomUUID()}`);
export const someStage = (): StageId => stageOf(someTask(), 1);

export const OPTIONS: TaskOptions = {
  options: { color: "blue" },
  maxDurationMs: 60_000,
  maxRetries: 2,
  priority: 1,
  partitionId: partitionId("default"),
  applicationName: "name",
  applicationVersion: "1.0",
  applicationNamespace: "namespace",
  applicationService: "service",
  engineType: "engine",
};

export function sessionRow(change: Partial<Session> = {}): Session {
  return {
    sessionId: someSession(),
    status: SessionStatus.RUNNING,
    clientSubmission: true,
    workerSubmission: true,
    partitionIds: [partitionId("default")],
    defaultOptions: OPTIONS,
    createdAt: 1,
    ...change,
  };
}

export function partitionRow(change: Partial<Partition> = {}): Partition {
  return {
    partitionId: partitionId(`partition-${randomUUID()}`),
    parentPartitionIds: [],
    podReserved: 1,
    podMax: 10,
    preemptionPercentage: 50,
    priority: 1,
    podConfiguration: {},
    ...change,
  };
}

export function taskIn(session: SessionId, change: Partial<TaskDefinition> = {}): TaskDefinition {
  const id = change.taskId ?? someTask();
  return {
    taskId: id,
    sessionId: session,
    batchId: batchId(`batch of ${session}`),
    payloadId: someResult(),
    dataDependencies: [],
    expectedOutputIds: [someResult()],
    options: OPTIONS,
    parentTaskIds: [session],
    retryOfIds: [],
    initialTaskId: id,
    createdBy: "",
    createdAt: 1,
    crashCount: 0,
    ...change,
  };
}

export const tasksIn = (
  session: SessionId,
  count: number,
  change: Partial<TaskDefinition> = {},
): TaskDefinition[] => Array.from({ length: count }, () => taskIn(session, change));

export function resultIn(session: SessionId, change: Partial<Result> = {}): Result {
  return {
    resultId: someResult(),
    sessionId: session,
    name: "result",
    createdBy: "",
    ownerTaskId: "",
    status: ResultStatus.CREATED,
    createdAt: 1,
    size: 0,
    objectId: "",
    manualDeletion: false,
    ...change,
  };
}

export const resultsIn = (
  session: SessionId,
  count: number,
  change: Partial<Result> = {},
): Result[] => Array.from({ length: count }, () => resultIn(session, change));

export const completionOf = ({ resultId }: Result): CompletedResult => ({
  resultId,
  objectId: objectId(`object of ${resultId}`),
  size: 3,
});

export const batchIn = (session: SessionId, change: Partial<NewBatch> = {}): NewBatch => ({
  batchId: someBatch(),
  sessionId: session,
  ...change,
});

export const idsOf = (tasks: readonly { taskId: TaskId }[]): TaskId[] =>
  tasks.map(({ taskId }) => taskId);

export const resultIdsOf = (rows: readonly Pick<Result, "resultId">[]) =>
  rows.map(({ resultId }) => resultId);

/** The only one of them. */
export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new Error(`${items.length} items, not one`);
  return item;
}
