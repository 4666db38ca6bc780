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
  await tables.results.claim(
    tasks.flatMap(({ taskId, expectedOutputIds }) =>
      expectedOutputIds.map((resultId) => ({ resultId, taskId })),
    ),
  );
  const waiting = await registerInputs(stores, admission);
  await tables.batches.add(batches);
  await tables.tasks.accept(taskIds);
  const lost = await lookAgain(stores, tasks, waiting);
  const status = (await tables.sessions.statuses([sessionId])).get(sessionId);
  if (status !== SessionStatus.RUNNING && status !== SessionStatus.PAUSED) {
    return taskIds.map((taskId) => ({ taskId, reason: "the session has ended" }));
  }
  const rejected = new Set(lost.map(({ taskId }) => taskId));
  const ready = await tables.dependencies.ready(taskIds);
  const able = rejected.size === 0 ? ready : ready.filter((id) => !rejected.has(id));
  await dispatchDirectly(stores, sessionId, able);
  return lost;
}

/** Adds an edge for each input that is not completed; answers those inputs. */
async function registerInputs(
  { tables }: Stores,
  { tasks, known }: Admission,
): Promise<Set<ResultId>> {
  const inputs = known ?? (await readInputs(tables.results, tasks));
  const done = (id: ResultId) => inputs.get(id)?.status === ResultStatus.COMPLETED;
  const edges = tasks.flatMap((task) => {
    const resultIds = inputsOf(task).filter((id) => !done(id));
    return resultIds.length > 0 ? [{ taskId: task.taskId, resultIds }] : [];
  });
  await tables.dependencies.add(edges);
  return new Set(edges.flatMap(({ resultIds }) => resultIds));
}

async function readInputs(results: Stores["tables"]["results"], tasks: readonly TaskDefinition[]) {
  const rows = await results.get([...new Set(tasks.flatMap(inputsOf))]);
  return new Map(rows.map((row) => [row.resultId, row]));
}

/** The reading half of A2: closes edges of inputs completed meanwhile, finds the lost ones. */
async function lookAgain(
  { tables }: Stores,
  tasks: readonly TaskDefinition[],
  waiting: ReadonlySet<ResultId>,
): Promise<Rejected> {
  if (waiting.size === 0) return [];
  const found = new Map((await tables.results.get([...waiting])).map((row) => [row.resultId, row]));
  const completed = [...found.values()].filter((row) => row.status === ResultStatus.COMPLETED);
  await tables.dependencies.close(completed.map((row) => row.resultId));
  const cannotCome = (id: ResultId): boolean => {
    const row = found.get(id);
    return waiting.has(id) && (row === undefined || isLost(row));
  };
  return tasks.flatMap((task) => {
    const input = inputsOf(task).find(cannotCome);
    return input ? [{ taskId: task.taskId, reason: `input ${input} will never be there` }] : [];
  });
}

/** Statuses from which a task that waits can still be refused. */
export const REFUSABLE: readonly TaskStatus[] = [TaskStatus.PENDING, TaskStatus.PAUSED];
