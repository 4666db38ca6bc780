// Takes a client's tasks into a session.
//
//   I1. Answers only after the tasks are stored and their batches are on record.
//   SB1. All or nothing: whatever can be refused is refused before anything is written, and what
//       fails later is taken back.
//   SB2. Rows first, as CREATING, which counts as open in their batch: nobody can take a batch for
//       finished because its tasks are not there yet, and a batch that was closed before refuses
//       the tasks.
import type { NewBatch } from "../../domain/batch.ts";
import { GridError, invalid } from "../../domain/errors.ts";
import { type ResultId, type TaskId, taskId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Session } from "../../domain/session.ts";
import { toDefinition } from "../../domain/submission/definition.ts";
import { createLayers } from "../../domain/submission/layers.ts";
import { checkReferences } from "../../domain/submission/references.ts";
import {
  type NewTask,
  resultsOf,
  type Submission,
  type SubmissionFields,
} from "../../domain/submission/submission.ts";
import type { TaskDefinition } from "../../domain/task.ts";
import { nameOf } from "../../domain/task-name.ts";
import { type Admission, accept, type Edges, register } from "../../lifecycle/admit.ts";
import { allOf } from "../../lifecycle/all-of.ts";
import { refuse } from "../../lifecycle/roll-forward.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import type { Grid } from "../grid.ts";
import { readSession } from "../sessions/read.ts";
import type { Batching, Cut } from "./batching.ts";

/** A checked submission that has no batches yet. */
interface Draft {
  readonly session: Session;
  readonly tasks: readonly Omit<TaskDefinition, "batchId">[];
  readonly references: ReadonlyMap<ResultId, Result>;
  /** Tasks of the session before. */
  readonly soFar: number;
}

interface Stored {
  readonly admission: Admission;
  readonly edges: readonly Edges[];
}

/** Where tasks are submitted to. */
export interface Target {
  readonly grid: Grid;
  readonly batching: Batching;
}

/**
 * Answers the ids of the tasks, in order.
 *
 * @throws {GridError} SESSION_NOT_FOUND, SUBMISSION_CLOSED, PARTITION_NOT_ALLOWED, RESULT_NOT_FOUND,
 * RESULT_INVALID_STATUS, INVALID_ARGUMENT: in the words of `fields`; SUBMISSION_EXPIRED.
 */
export async function submit(
  { grid, batching }: Target,
  submission: Submission,
  fields: SubmissionFields,
): Promise<TaskId[]> {
  const { stores, announcer, creator } = grid;
  const draft = await check({ grid, batching }, submission, fields);
  const taskIds = draft.tasks.map((task) => task.taskId);
  const { sessionId } = draft.session;
  try {
    const { admission, edges } = await store({ grid, batching }, draft);
    const rejected = await accept(stores, admission, edges);
    announcer.submitted(sessionId);
    await refuse(stores, rejected);
  } catch (error) {
    await creator.takeBack(draft.tasks, error);
    throw error;
  }
  count(grid, draft);
  return taskIds;
}

async function check(
  { grid: { stores, newId }, batching }: Target,
  submission: Submission,
  fields: SubmissionFields,
): Promise<Draft> {
  const { sessionId, tasks } = submission;
  if (tasks.length === 0) throw invalid(fields.tasks, "is empty", "at least one task");
  const [session, references, soFar] = await Promise.all([
    readSession(stores, sessionId),
    readReferences(stores, submission),
    batching.soFar(sessionId),
  ]);
  if (!session.clientSubmission)
    throw new GridError("SUBMISSION_CLOSED", `session ${sessionId} takes no tasks from clients`);
  const optionsOf = createLayers(session, submission.options, fields);
  const options = tasks.map((task, i) => optionsOf(task.options, i));
  checkReferences(submission, references, fields);
  const given = { sessionId, createdBy: "", createdAt: stores.now() } as const;
  const parentTaskIds = [sessionId];
  const defined = options.map((merged, i) =>
    toDefinition(tasks[i] as NewTask, {
      ...given,
      taskId: taskId(newId()),
      options: merged,
      parentTaskIds,
    }),
  );
  return { session, tasks: defined, references, soFar };
}

/** Every result that the tasks name, by id; unknown ones are missing. */
async function readReferences(
  { tables }: Stores,
  { tasks }: Submission,
): Promise<ReadonlyMap<ResultId, Result>> {
  const rows = await tables.results.get([...resultsOf(tasks)]);
  return new Map(rows.map((row) => [row.resultId, row]));
}

/** Stores and registers the tasks: in the batch made last if they fit, else in batches of their own. */
async function store({ grid, batching }: Target, draft: Draft): Promise<Stored> {
  const { sessionId } = draft.session;
  const { stores, creator } = grid;
  const { tasks, batches } = stores.tables;
  const origin = { creator: creator.id };
  const { soFar } = draft;
  const { length } = draft.tasks;
  const open = batching.joinable(sessionId, soFar, length);
  if (open) {
    const admission = putInto([open], draft);
    await tasks.create(admission.tasks, origin);
    // The batch is stored by us too: the call that made it may not have come so far.
    const [isOpen, edges] = await allOf([batches.join(open.batchId), register(stores, admission)]);
    if (isOpen) return { admission, edges };
    await tasks.discard(draft.tasks.map(({ taskId: id }) => id));
    batching.forget(sessionId, open.batchId);
  }
  const admission = putInto(batching.cut(sessionId, soFar, length), draft);
  await tasks.create(admission.tasks, origin);
  return { admission, edges: await register(stores, admission) };
}

function putInto(cuts: readonly Cut[], { session, tasks, references }: Draft): Admission {
  const { sessionId } = session;
  const defined: TaskDefinition[] = [];
  const batches: NewBatch[] = [];
  for (const { batchId, size, isNamed, lingerMs } of cuts) {
    const start = defined.length;
    for (const task of tasks.slice(start, start + size)) defined.push({ ...task, batchId });
    const first = defined[start];
    const [output] = first?.expectedOutputIds ?? [];
    const name = first && isNamed ? nameOf(first, output && references.get(output)) : "";
    batches.push({ batchId, sessionId, lingerMs, ...(name && { name }) });
  }
  return { sessionId, tasks: defined, batches, known: references, allOrNone: true };
}

function count({ metrics }: Grid, { tasks }: Draft): void {
  const counts = new Map<string, number>();
  for (const { options } of tasks)
    counts.set(options.partitionId, (counts.get(options.partitionId) ?? 0) + 1);
  for (const [partition, n] of counts) metrics.tasksSubmitted.inc({ partition }, n);
}
