/**
 * Takes the subtasks of a committed attempt into the session. Repeatable like all of roll-forward.
 *
 *   SU1. A few subtasks are part of their parent's batch, so that Temporal hears nothing of them
 *       (I7). Nobody can close it too early: they count as open from when they are staged, and
 *       until they are accepted their parent does.
 */
import type { StagedTask } from "../adaptors/ports/table/tasks.ts";
import { cut, isSmallAddition } from "../domain/batch.ts";
import {
  type BatchId,
  batchId,
  type ResultId,
  type StageId,
  stageOf,
  type TaskId,
} from "../domain/ids.ts";
import type { Result } from "../domain/result.ts";
import type { Task, TaskDefinition } from "../domain/task.ts";
import { nameOf } from "../domain/task-name.ts";
import { admit, inputsOf, type Rejected } from "./admit.ts";
import { allOf } from "./all-of.ts";
import type { Stores } from "./stores.ts";

const PAGE = 1_000;

/** Puts new subtasks into batches, before they are staged. */
export function batchSubtasks(
  parent: Pick<Task, "batchId">,
  subtasks: readonly Omit<TaskDefinition, "batchId">[],
  { soFar, newId, singleTasks }: { soFar: number; newId: () => string; singleTasks: number },
): TaskDefinition[] {
  if (isSmallAddition(soFar, subtasks.length, singleTasks))
    return subtasks.map((subtask) => ({ ...subtask, batchId: parent.batchId }));
  const tasks: TaskDefinition[] = [];
  for (const size of cut(soFar, subtasks.length, singleTasks)) {
    const id = batchId(newId());
    const members = subtasks.slice(tasks.length, tasks.length + size);
    for (const subtask of members) tasks.push({ ...subtask, batchId: id });
  }
  return tasks;
}

/** A page of what the attempts of some parents staged. */
export interface Subtasks {
  readonly parents: readonly Task[];
  readonly tasks: readonly Task[];
  /** These are all of them. */
  readonly isWhole: boolean;
  /** The next page. */
  readonly after: StagedTask | undefined;
}

/** Subtasks found staged by the parents' attempts. */
export async function readSubtasks(
  { tables }: Stores,
  parents: readonly Task[],
  after?: StagedTask,
): Promise<Subtasks> {
  const stages = new Map(parents.map((task) => [task.taskId, stageOf(task.taskId, task.attempt)]));
  const tasks = await tables.tasks.staged([...stages.values()], { after, limit: PAGE });
  const isLast = tasks.length < PAGE;
  const cursor = isLast ? undefined : cursorAt(tasks.at(-1), stages);
  return { parents, tasks, isWhole: isLast && after === undefined, after: cursor };
}

function cursorAt(last: Task | undefined, stages: ReadonlyMap<string, StageId>) {
  const stage = stages.get(last?.createdBy ?? "");
  return last && stage ? { stage, taskId: last.taskId } : undefined;
}

/** Admits this page and those behind it; the subtasks' outputs move from the parents to them. */
export async function admitSubtasks(stores: Stores, first: Subtasks): Promise<Rejected> {
  const rejected: { taskId: TaskId; reason: string }[] = [];
  for (let page = first; ; page = await readSubtasks(stores, first.parents, page.after)) {
    rejected.push(...(await admitPage(stores, page)));
    if (page.after === undefined) return rejected;
  }
}

async function admitPage(stores: Stores, page: Subtasks): Promise<Rejected> {
  const { tables, scheduling } = stores;
  const groups: Map<BatchId, Task[]> = Map.groupBy(page.tasks, ({ batchId: id }) => id);
  // The parents' own batches are on record.
  for (const parent of page.parents) groups.delete(parent.batchId);
  const singles = page.isWhole ? [...groups.values()].filter(isOne) : [];
  const toName = singles.map(([task]) => task).slice(0, scheduling.singleTasks);
  const [known] = await allOf([
    readNamed(stores, page.tasks, toName),
    tables.results.transfer(delegated(page)),
  ]);
  const names = new Map(toName.map((task) => [task.batchId, nameIn(known, task)]));
  const admissions = [...Map.groupBy(page.tasks, ({ sessionId }) => sessionId)].map(
    ([sessionId, tasks]) => {
      const ids = new Set(tasks.map((task) => task.batchId));
      const batches = [...ids]
        .filter((id) => groups.has(id))
        .map((id) => ({ batchId: id, sessionId, name: names.get(id) }));
      return admit(stores, { sessionId, tasks, batches, known });
    },
  );
  return (await allOf(admissions)).flat();
}

const isOne = (tasks: Task[]): tasks is [Task] => tasks.length === 1;

const nameIn = (known: ReadonlyMap<ResultId, Result>, task: Task): string => {
  const [output] = task.expectedOutputIds;
  return nameOf(task, output && known.get(output));
};

/** The inputs of all the tasks, and the outputs by which some of them are named. */
async function readNamed(
  { tables }: Stores,
  tasks: readonly Task[],
  toName: readonly Task[],
): Promise<ReadonlyMap<ResultId, Result>> {
  const outputs = toName.flatMap(({ expectedOutputIds: [output] }) => output ?? []);
  const rows = await tables.results.get([...new Set([...tasks.flatMap(inputsOf), ...outputs])]);
  return new Map(rows.map((row) => [row.resultId, row]));
}

/** Outputs that a parent has left to its subtasks. */
function delegated({ parents, tasks }: Subtasks) {
  const expected = new Map(parents.map((task) => [task.taskId, new Set(task.expectedOutputIds)]));
  return tasks.flatMap(({ taskId: to, createdBy: from, expectedOutputIds }) =>
    from === ""
      ? []
      : expectedOutputIds
          .filter((resultId) => expected.get(from)?.has(resultId))
          .map((resultId) => ({ resultId, from, to })),
  );
}
