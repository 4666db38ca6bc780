// Takes a client's tasks into a session.
//
//   I1. Answers only after the tasks are stored and their batches are on record.
//   S1. All or nothing: whatever can be refused is refused before anything is written.
//   S2. Rows first, as CREATING, which counts as open in their batch: nobody can take a batch for
//       finished because its tasks are not there yet, and a batch that was closed before refuses
//       the tasks.
import type { NewBatch } from "../../domain/batch.ts";
import { GridError, invalid } from "../../domain/errors.ts";
import { type BatchId, type ResultId, resultId, type TaskId, taskId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Session } from "../../domain/session.ts";
import type { TaskDefinition } from "../../domain/task.ts";
import { nameOf } from "../../domain/task-name.ts";
import type { TaskOptions } from "../../domain/task-options.ts";
import type {
  SubmitTasksRequest_TaskCreation as Creation,
  SubmitTasksRequest,
  SubmitTasksResponse,
} from "../../gen/tasks_common.ts";
import { createLayers } from "../../grpc/task-layers.ts";
import { createReferenceCheck } from "../../grpc/task-references.ts";
import { admit } from "../../lifecycle/admit.ts";
import { refuse } from "../../lifecycle/roll-forward.ts";
import type { Grid } from "../grid.ts";
import { readSession } from "../sessions/read.ts";
import type { Batching, Cut } from "./batching.ts";

import { readReferences } from "./references.ts";

/** A checked submission that has no batches yet. */
interface Draft {
  readonly session: Session;
  readonly creations: readonly Creation[];
  /** By task. */
  readonly taskIds: readonly TaskId[];
  readonly options: readonly TaskOptions[];
  readonly references: ReadonlyMap<ResultId, Result>;
  readonly at: number;
}

interface Stored {
  readonly tasks: readonly TaskDefinition[];
  readonly batches: readonly NewBatch[];
}

export async function submitTasks(
  grid: Grid,
  batching: Batching,
  request: SubmitTasksRequest,
): Promise<SubmitTasksResponse> {
  const { stores, announcer } = grid;
  const draft = await toDraft(grid, request);
  const { sessionId } = draft.session;
  try {
    const stored = await store(grid, batching, draft);
    const rejected = await admit(stores, { sessionId, ...stored, known: draft.references });
    announcer.submitted(sessionId);
    await refuse(stores, rejected);
  } catch (error) {
    await discard(grid, draft, error);
  }
  count(grid, draft);
  return toResponse(draft);
}

async function toDraft({ stores, newId }: Grid, request: SubmitTasksRequest): Promise<Draft> {
  const { sessionId, taskCreations: creations } = request;
  if (creations.length === 0) throw invalid("task_creations", "is empty", "at least one task");
  const session = await readSession(stores, sessionId);
  if (!session.clientSubmission)
    throw new GridError("SUBMISSION_CLOSED", `session ${sessionId} takes no tasks from clients`);
  const optionsOf = createLayers(session, request.taskOptions);
  const options = creations.map(({ taskOptions }, i) => optionsOf(taskOptions, i));
  const references = await readReferences(stores, creations);
  creations.forEach(createReferenceCheck(session.sessionId, references));
  const taskIds = creations.map(() => taskId(newId()));
  return { session, creations, taskIds, options, references, at: stores.now() };
}

/** Stores the tasks: in the batch made last if they fit, else in batches of their own. */
async function store(grid: Grid, batching: Batching, draft: Draft): Promise<Stored> {
  const { sessionId } = draft.session;
  const { tasks, batches } = grid.stores.tables;
  const { length } = draft.taskIds;
  const soFar = await batching.soFar(sessionId);
  const open = batching.joinable(sessionId, soFar, length);
  if (open) {
    const joining = define(draft, [open]);
    await tasks.create(joining);
    // Stored by us too: the call that made the batch may not have come so far.
    if (await batches.join(open.batchId))
      return { tasks: joining, batches: toBatches(draft, [open], joining) };
    await tasks.discard(draft.taskIds);
    batching.forget(sessionId, open.batchId);
  }
  const cuts = batching.cut(sessionId, soFar, length);
  const defined = define(draft, cuts);
  await tasks.create(defined);
  return { tasks: defined, batches: toBatches(draft, cuts, defined) };
}

function define(draft: Draft, cuts: readonly Cut[]): TaskDefinition[] {
  const tasks: TaskDefinition[] = [];
  const parentTaskIds = [draft.session.sessionId];
  for (const { batchId, size } of cuts) {
    const end = tasks.length + size;
    for (let i = tasks.length; i < end; i += 1)
      tasks.push(toDefinition(draft, i, batchId, parentTaskIds));
  }
  return tasks;
}

const NONE: readonly never[] = [];

const toIds = (ids: readonly string[]): readonly ResultId[] =>
  ids.length > 1 ? [...new Set(ids)].map(resultId) : ids.map(resultId);

// Four parameters: this runs 40,000 times a second, and an object for them is not free.
function toDefinition(
  { session, creations, taskIds, options, at }: Draft,
  i: number,
  batchId: BatchId,
  parentTaskIds: readonly string[],
): TaskDefinition {
  const creation = creations[i];
  const id = taskIds[i];
  const merged = options[i];
  if (!creation || !id || !merged) throw new Error(`no task ${i} in this submission`);
  return {
    taskId: id,
    sessionId: session.sessionId,
    batchId,
    payloadId: resultId(creation.payloadId),
    dataDependencies: toIds(creation.dataDependencies),
    expectedOutputIds: toIds(creation.expectedOutputKeys),
    options: merged,
    parentTaskIds,
    retryOfIds: NONE,
    initialTaskId: id,
    createdBy: "",
    createdAt: at,
    crashCount: 0,
  };
}

function toBatches(
  draft: Draft,
  cuts: readonly Cut[],
  tasks: readonly TaskDefinition[],
): NewBatch[] {
  const { sessionId } = draft.session;
  let start = 0;
  return cuts.map(({ batchId, size, isNamed, lingerMs }) => {
    const first = tasks[start];
    start += size;
    const [output] = first?.expectedOutputIds ?? [];
    const named = first && isNamed ? nameOf(first, output && draft.references.get(output)) : "";
    return { batchId, sessionId, lingerMs, ...(named && { name: named }) };
  });
}

/** Takes back what is not accepted yet, and throws the error that made it necessary. */
async function discard({ stores }: Grid, { taskIds }: Draft, error: unknown): Promise<never> {
  try {
    await stores.tables.tasks.discard(taskIds);
  } catch {
    // The store is away, as the first error says; supervision collects CREATING rows.
  }
  throw error;
}

function count({ metrics }: Grid, { options }: Draft): void {
  const counts = new Map<string, number>();
  for (const { partitionId } of options)
    counts.set(partitionId, (counts.get(partitionId) ?? 0) + 1);
  for (const [partition, tasks] of counts) metrics.tasksSubmitted.inc({ partition }, tasks);
}

const toResponse = ({ creations, taskIds }: Draft): SubmitTasksResponse => ({
  taskInfos: creations.map((creation, i) => ({
    taskId: taskIds[i] ?? "",
    expectedOutputIds: creation.expectedOutputKeys,
    dataDependencies: creation.dataDependencies,
    payloadId: creation.payloadId,
  })),
});
