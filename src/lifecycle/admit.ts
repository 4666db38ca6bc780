/**
 * Takes stored CREATING tasks into the session: from a client's submission, from a committed
 * attempt (subtasks), or as the successor of a retried task.
 *
 *   I1. The batch is on record before its tasks are accepted: whoever saw a task accepted can rely
 *       on supervision to find it.
 *   A1. Every step may be repeated, by anyone, from any point.
 *   A2. Write, then read: edges first, then the results' status; the session's status after
 *       acceptance. So an input completed, or a session ended, meanwhile is never missed.
 */
import type { NewBatch } from "../domain/batch.ts";
import type { ResultId, SessionId, TaskId } from "../domain/ids.ts";
import type { Result } from "../domain/result.ts";
import { ResultStatus, SessionStatus, TaskStatus } from "../domain/status.ts";
import type { TaskDefinition } from "../domain/task.ts";
import { dispatchDirectly } from "./dispatch.ts";
import type { Stores } from "./stores.ts";

export const inputsOf = (task: TaskDefinition): ResultId[] => [
  ...new Set([task.payloadId, ...task.dataDependencies]),
];

const isLost = ({ status }: Result): boolean =>
  status === ResultStatus.ABORTED || status === ResultStatus.DELETED;

export interface Admission {
  readonly sessionId: SessionId;
  /** Stored, CREATING (or further, when this is a repetition). Of one session. */
  readonly tasks: readonly TaskDefinition[];
  /** Batches of these tasks that are not on record yet. */
  readonly batches: readonly NewBatch[];
  /** Inputs as the caller has just read them, if it has. */
  readonly known?: ReadonlyMap<ResultId, Result> | undefined;
}

/** Tasks that cannot run, with the reason; for the caller to decide and roll forward. */
export type Rejected = readonly { readonly taskId: TaskId; readonly reason: string }[];

export async function admit(stores: Stores, admission: Admission): Promise<Rejected> {
  const { tables } = stores;
  const { tasks, sessionId, batches } = admission;
  if (tasks.length === 0) return [];
  const taskIds = tasks.map((task) => task.taskId);
  // In any order, all before acceptance; together, so that a store can write them in one go.
  const [edges] = await Promise.all([
    registerInputs(stores, admission),
    claimOutputs(stores, tasks),
    tables.batches.add(batches),
  ]);
  await tables.tasks.accept(taskIds);
  const lost = await lookAgain(stores, edges);
  const status = (await tables.sessions.statuses([sessionId])).get(sessionId);
  if (status !== SessionStatus.RUNNING && status !== SessionStatus.PAUSED) {
    return taskIds.map((taskId) => ({ taskId, reason: "the session has ended" }));
  }
  await dispatchDirectly(stores, sessionId, await withoutWaiting(stores, { taskIds, edges, lost }));
  return lost;
}

/** What a task waits for. */
export interface Edges {
  readonly taskId: TaskId;
  readonly resultIds: readonly ResultId[];
}

/** Tasks that can go, in order. Those that got no edge have all their inputs. */
async function withoutWaiting(
  { tables }: Stores,
  { taskIds, edges, lost }: { taskIds: readonly TaskId[]; edges: readonly Edges[]; lost: Rejected },
): Promise<readonly TaskId[]> {
  if (edges.length === 0) return taskIds;
  const waiting = new Set(edges.map(({ taskId }) => taskId));
  for (const taskId of await tables.dependencies.ready([...waiting])) waiting.delete(taskId);
  for (const { taskId } of lost) waiting.add(taskId);
  return taskIds.filter((taskId) => !waiting.has(taskId));
}

/** Makes each output the task's whose failure aborts it, unless another has it already. */
async function claimOutputs({ tables }: Stores, tasks: readonly TaskDefinition[]): Promise<void> {
  const claims: { resultId: ResultId; taskId: TaskId }[] = [];
  for (const { taskId, expectedOutputIds } of tasks)
    for (const resultId of expectedOutputIds) claims.push({ resultId, taskId });
  await tables.results.claim(claims);
}

/** Adds an edge for each input that is not completed. */
async function registerInputs(
  { tables }: Stores,
  { tasks, known }: Admission,
): Promise<readonly Edges[]> {
  const inputs = known ?? (await readInputs(tables.results, tasks));
  const open = (id: ResultId) => inputs.get(id)?.status !== ResultStatus.COMPLETED;
  const edges: Edges[] = [];
  for (const task of tasks) {
    if (!open(task.payloadId) && !task.dataDependencies.some(open)) continue;
    edges.push({ taskId: task.taskId, resultIds: inputsOf(task).filter(open) });
  }
  await tables.dependencies.add(edges);
  return edges;
}

async function readInputs(results: Stores["tables"]["results"], tasks: readonly TaskDefinition[]) {
  const rows = await results.get([...new Set(tasks.flatMap(inputsOf))]);
  return new Map(rows.map((row) => [row.resultId, row]));
}

/** The reading half of A2: closes edges of inputs completed meanwhile, finds the lost ones. */
export async function lookAgain(
  { tables }: Pick<Stores, "tables">,
  edges: readonly Edges[],
): Promise<Rejected> {
  if (edges.length === 0) return [];
  const waiting = new Set(edges.flatMap(({ resultIds }) => resultIds));
  const found = new Map((await tables.results.get([...waiting])).map((row) => [row.resultId, row]));
  const completed = [...found.values()].filter((row) => row.status === ResultStatus.COMPLETED);
  await tables.dependencies.close(completed.map((row) => row.resultId));
  const cannotCome = (id: ResultId): boolean => {
    const row = found.get(id);
    return row === undefined || isLost(row);
  };
  return edges.flatMap(({ taskId, resultIds }) => {
    const input = resultIds.find(cannotCome);
    return input ? [{ taskId, reason: `input ${input} will never be there` }] : [];
  });
}

/** Statuses from which a task that waits can still be refused. */
export const REFUSABLE: readonly TaskStatus[] = [TaskStatus.PENDING, TaskStatus.PAUSED];
