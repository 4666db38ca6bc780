// Stores what successful attempts made, out of sight: objects that nobody names yet, and rows
// staged under the attempt. The commit point makes them count.
import type { NewBlob, Origin } from "../../adaptors/object-storage.ts";
import { type ResultId, type SessionId, stageOf } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import { ResultStatus } from "../../domain/status.ts";
import type { CommitRecord, CompletedResult } from "../../domain/task.ts";
import { allOf } from "../../lifecycle/all-of.ts";
import { batchSubtasks } from "../../lifecycle/subtasks.ts";
import type { AgentContext } from "../context.ts";
import type { Attempt } from "../execution/attempt.ts";
import { type Output, readOutput } from "../execution/folder.ts";

/** Blobs up to this size are stored together with those of other attempts. */
const SMALL_BYTES = 64 * 1024;
const SLICE = 1_000;

/** What an attempt made, as found in its folder and its buffer. */
export interface Made {
  readonly attempt: Attempt;
  readonly outputs: Map<ResultId, Output>;
  /** Announced results without a file. */
  readonly missing: readonly ResultId[];
  /** Takes long to store: not together with others. */
  readonly heavy: boolean;
}

/** Looks at what the worker left behind; cheap. */
export function collect(attempt: Attempt): Made {
  const { buffer, folder } = attempt;
  const outputs = new Map<ResultId, Output>();
  const missing: ResultId[] = [];
  let heavy = buffer.subtasks.length > SLICE || buffer.created.size > SLICE;
  for (const [id, { data }] of buffer.created) if (data) outputs.set(id, { kind: "small", data });
  for (const id of buffer.notified) {
    const output = readOutput(folder, id, SMALL_BYTES);
    if (output.kind === "missing") missing.push(id);
    else outputs.set(id, output);
    heavy ||= output.kind === "large";
  }
  return { attempt, outputs, missing, heavy };
}

/** Stored: what the attempt is to be decided with. */
export type Stored = CommitRecord & { readonly outcome: "completed" };

/**
 * Stores a group; answers in order. Repeated after a failure it stores objects anew and leaves the
 * others: a staged row may name them already.
 */
export async function storeOutputs(
  context: AgentContext,
  group: readonly Made[],
): Promise<Stored[]> {
  const { objects } = context.stores;
  const blobs = group.flatMap(({ attempt, outputs }) =>
    [...outputs.values()].flatMap((output) => smallOf(attempt, output)),
  );
  const [stored, counts] = await allOf([
    blobs.length > 0 ? objects.putMany(blobs) : [],
    countTasks(context.stores, group),
  ]);
  const small = stored.values();
  const completed: CompletedResult[][] = [];
  for (const { attempt, outputs } of group) {
    const results: CompletedResult[] = [];
    for (const [resultId, output] of outputs) {
      const object =
        output.kind === "large"
          ? await objects.put(originOf(attempt), output.open())
          : small.next().value;
      if (!object) throw new Error("the object store answered for too few objects");
      results.push({ resultId, ...object });
    }
    completed.push(results);
  }
  const staging = group.map(({ attempt }, i) => {
    const soFar = counts.get(attempt.task.sessionId) ?? 0;
    return finishStoring(context, attempt, { completed: completed[i] ?? [], soFar });
  });
  return await allOf(staging);
}

/** How many tasks the sessions of those have that made subtasks. */
async function countTasks(
  { tables }: AgentContext["stores"],
  group: readonly Made[],
): Promise<ReadonlyMap<SessionId, number>> {
  const parents = group.filter(({ attempt }) => attempt.buffer.subtasks.length > 0);
  const sessionIds = [...new Set(parents.map(({ attempt }) => attempt.task.sessionId))];
  const counts = await allOf(sessionIds.map((id) => tables.batches.taskCount(id)));
  return new Map(sessionIds.map((id, i) => [id, counts[i] ?? 0]));
}

/** Found by it, should the attempt turn out not to count. */
const originOf = ({ task }: Attempt): Origin => ({
  sessionId: task.sessionId,
  attempt: { taskId: task.taskId, attempt: task.attempt },
});

const smallOf = (attempt: Attempt, output: Output): NewBlob[] =>
  output.kind === "small" ? [{ origin: originOf(attempt), data: output.data }] : [];

/** What was stored of an attempt, and how many tasks its session has. */
interface Progress {
  readonly completed: readonly CompletedResult[];
  readonly soFar: number;
}

async function finishStoring(
  context: AgentContext,
  attempt: Attempt,
  { completed, soFar }: Progress,
): Promise<Stored> {
  for (const { size } of completed) context.metrics.bytesStored.inc(size);
  await allOf([stageResults(context, attempt, completed), stageSubtasks(context, attempt, soFar)]);
  return toRecord(attempt, completed);
}

const isStaging = ({ buffer }: Attempt): boolean =>
  buffer.created.size > 0 || buffer.subtasks.length > 0;

/** Results that the attempt created are completed by its staged rows, all others by the record. */
const toRecord = (attempt: Attempt, completed: readonly CompletedResult[]) => ({
  outcome: "completed" as const,
  results: completed.filter(({ resultId }) => !attempt.buffer.created.has(resultId)),
  staged: isStaging(attempt),
});

async function stageResults(
  context: Pick<AgentContext, "stores">,
  attempt: Attempt,
  completed: readonly CompletedResult[],
): Promise<void> {
  const { tables, now } = context.stores;
  const { task, buffer } = attempt;
  const stageId = stageOf(task.taskId, task.attempt);
  const done = new Map(completed.map((result) => [result.resultId, result]));
  const rows = [...buffer.created].map(([resultId, { name, createdAt }]): Result => {
    const data = done.get(resultId);
    const created = { ...{ resultId, name, createdAt }, sessionId: task.sessionId };
    const owned = { createdBy: task.taskId, ownerTaskId: "" as const, manualDeletion: false };
    if (!data) return { ...created, ...owned, status: ResultStatus.CREATED, size: 0, objectId: "" };
    const { size, objectId } = data;
    const status = ResultStatus.COMPLETED;
    return { ...created, ...owned, status, size, objectId, completedAt: now() };
  });
  for (let i = 0; i < rows.length; i += SLICE) {
    await tables.results.create(rows.slice(i, i + SLICE), stageId);
  }
}

async function stageSubtasks(
  { stores: { tables, scheduling }, newId }: Pick<AgentContext, "stores" | "newId">,
  attempt: Attempt,
  soFar: number,
): Promise<void> {
  const { task, buffer } = attempt;
  const { singleTasks } = scheduling;
  const definitions = batchSubtasks(task, buffer.subtasks, { soFar, singleTasks, newId });
  const stageId = stageOf(task.taskId, task.attempt);
  for (let i = 0; i < definitions.length; i += SLICE) {
    await tables.tasks.create(definitions.slice(i, i + SLICE), { stage: stageId });
  }
}
