/**
 * Takes stored CREATING tasks into the session: from a client's submission, from a committed
 * attempt (subtasks), or as the successor of a retried task.
 *
 *   I1. The batch is on record before its tasks are accepted: whoever saw a task accepted can rely
 *       on supervision to find it.
 *   AD1. Every step may be repeated, by anyone, from any point.
 *   AD2. Write, then read: the results' and the session's status are read after acceptance, and so
 *       is which tasks have no open edge. So an input completed or lost, or a session ended,
 *       meanwhile is never missed.
 *   AD3. What needs no answer of another step shares its round trip. A session found ended (AD2) may
 *       have tasks that were submitted beside that look: they are not published, and refused too.
 *   AD4. A client's submission is answered only if it was accepted whole; otherwise it is refused, and
 *       taken back: some of it may be missing, collected while its creator was held up (OR1).
 *       Subtasks and successors are collected only after their parent is final (OR2), which comes
 *       after their acceptance; one that is missing was deleted with its session, and is passed over.
 *   AD5. An output belongs to an accepted task, or to one that may be: where a submission has failed,
 *       and is made again before it has been collected, the new tasks own the outputs at once. Nobody
 *       would abort what is freed behind them.
 */
import type { NewBatch } from "../domain/batch.ts";
import { GridError } from "../domain/errors.ts";
import type { ResultId, SessionId, TaskId } from "../domain/ids.ts";
import type { Result } from "../domain/result.ts";
import { ResultStatus, SessionStatus, TaskStatus } from "../domain/status.ts";
import type { TaskDefinition } from "../domain/task.ts";
import { allOf } from "./all-of.ts";
import { publishReady, readGate, submitReady } from "./dispatch.ts";
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
  /** Refused as a whole when one of the tasks is missing (AD4). */
  readonly allOrNone?: boolean | undefined;
}

/** Tasks that cannot run, with the reason; for the caller to decide and roll forward. */
export type Rejected = readonly { readonly taskId: TaskId; readonly reason: string }[];

export async function admit(stores: Stores, admission: Admission): Promise<Rejected> {
  if (admission.tasks.length === 0) return [];
  return await accept(stores, admission, await register(stores, admission));
}

function checkWhole({ allOrNone, tasks }: Admission, accepted: readonly boolean[]): void {
  const missing = accepted.filter((isAccepted) => !isAccepted).length;
  if (!allOrNone || missing === 0) return;
  const what = `${missing} of its ${tasks.length} tasks were collected before they were accepted`;
  throw new GridError("SUBMISSION_EXPIRED", `${what}; nothing of it was kept, submit it again`);
}

/** What a task waits for. */
export interface Edges {
  readonly taskId: TaskId;
  readonly resultIds: readonly ResultId[];
}

/** What must be stored before acceptance, in any order; answers what the tasks wait for. */
export async function register(stores: Stores, admission: Admission): Promise<readonly Edges[]> {
  const [edges] = await allOf([
    registerInputs(stores, admission),
    claimOutputs(stores, admission),
    stores.tables.batches.add(admission.batches),
  ]);
  return edges;
}

/**
 * Accepts registered tasks, and dispatches those that wait for nothing.
 *
 * @throws {GridError} SUBMISSION_EXPIRED: nothing was dispatched, the caller takes back the rest.
 */
export async function accept(
  stores: Stores,
  admission: Admission,
  edges: readonly Edges[],
): Promise<Rejected> {
  const { tables } = stores;
  const { tasks, sessionId } = admission;
  const taskIds = tasks.map((task) => task.taskId);
  const [gate, accepted] = await allOf([readGate(stores, sessionId), tables.tasks.accept(taskIds)]);
  checkWhole(admission, accepted);
  const waiting = new Set(edges.map(({ taskId }) => taskId));
  const free = waiting.size > 0 ? taskIds.filter((taskId) => !waiting.has(taskId)) : taskIds;
  const [statuses, { rejected, ready }, submitted] = await allOf([
    tables.sessions.statuses([sessionId]),
    lookAgain(stores, edges),
    submitReady(stores, gate, free),
  ]);
  const status = statuses.get(sessionId);
  if (status !== SessionStatus.RUNNING && status !== SessionStatus.PAUSED)
    return taskIds.map((taskId) => ({ taskId, reason: "the session has ended" }));
  const rest = { ...gate, room: gate.room - submitted.length };
  const [late] = await allOf([submitReady(stores, rest, ready), publishReady(stores, submitted)]);
  await publishReady(stores, late);
  return rejected;
}

interface Claim {
  readonly resultId: ResultId;
  readonly taskId: TaskId;
}

/** Makes each output the task's whose failure aborts it, unless another has it already. */
async function claimOutputs({ tables }: Stores, { tasks, known }: Admission): Promise<void> {
  const claims: Claim[] = [];
  for (const { taskId, expectedOutputIds } of tasks)
    for (const resultId of expectedOutputIds) claims.push({ resultId, taskId });
  await allOf([tables.results.claim(claims), claimFromUnaccepted(tables, claims, known)]);
}

/** AD5. Costs nothing where no output has an owner. */
async function claimFromUnaccepted(
  { tasks, results }: Stores["tables"],
  claims: readonly Claim[],
  known: Admission["known"],
): Promise<void> {
  const moves = claims.flatMap(({ resultId, taskId: to }) => {
    const from = known?.get(resultId)?.ownerTaskId || undefined;
    return from && from !== to ? [{ resultId, from, to }] : [];
  });
  if (moves.length === 0) return;
  // Who is not accepted is not visible, and neither is who was collected.
  const owners = await tasks.get([...new Set(moves.map(({ from }) => from))]);
  const accepted = new Set(owners.map(({ taskId }) => taskId));
  await results.transfer(moves.filter(({ from }) => !accepted.has(from)));
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

/** What waiting tasks turned out to be. */
export interface Found {
  /** Have no open edge. */
  readonly ready: readonly TaskId[];
  readonly rejected: Rejected;
}

/** The reading half of AD2: closes edges of inputs completed meanwhile, finds the lost ones. */
export async function lookAgain(
  { tables }: Pick<Stores, "tables">,
  edges: readonly Edges[],
): Promise<Found> {
  if (edges.length === 0) return { ready: [], rejected: [] };
  const waiting = new Set(edges.flatMap(({ resultIds }) => resultIds));
  const taskIds = edges.map(({ taskId }) => taskId);
  const [results, free] = await allOf([
    tables.results.get([...waiting]),
    tables.dependencies.ready(taskIds),
  ]);
  const found = new Map(results.map((row) => [row.resultId, row]));
  const completed = results.filter((row) => row.status === ResultStatus.COMPLETED);
  const closed = await tables.dependencies.close(completed.map((row) => row.resultId));
  const cannotCome = (id: ResultId): boolean => {
    const row = found.get(id);
    return row === undefined || isLost(row);
  };
  const rejected = edges.flatMap(({ taskId, resultIds }) => {
    const input = resultIds.find(cannotCome);
    return input ? [{ taskId, reason: `input ${input} will never be there` }] : [];
  });
  const able = new Set([...free, ...closed]);
  for (const { taskId } of rejected) able.delete(taskId);
  return { ready: taskIds.filter((taskId) => able.has(taskId)), rejected };
}

/** Statuses from which a task that has not been handed to an agent can still be refused (AD3). */
export const REFUSABLE: readonly TaskStatus[] = [
  TaskStatus.PENDING,
  TaskStatus.PAUSED,
  TaskStatus.SUBMITTED,
];
