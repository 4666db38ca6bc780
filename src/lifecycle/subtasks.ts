/**
 * Takes the subtasks of a committed attempt into the session. Repeatable like all of roll-forward.
 *
 *   U1. A few subtasks are part of their parent's batch, so that Temporal hears nothing of them
 *       (I7). Nobody can close it too early: they count as open from when they are staged, and
 *       until they are accepted their parent does.
 */
import type { StagedTask } from "../adaptors/ports/table/tasks.ts";
import { cut, isSmallAddition, type NewBatch } from "../domain/batch.ts";
import { type BatchId, batchId, type StageId, stageOf, type TaskId } from "../domain/ids.ts";
import type { Task, TaskDefinition } from "../domain/task.ts";
import { nameOf } from "../domain/task-name.ts";
import { admit, type Rejected } from "./admit.ts";
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

/** Subtasks found staged by the parents' attempts; their outputs move from the parents to them. */
export async function admitSubtasks(stores: Stores, parents: readonly Task[]): Promise<Rejected> {
  const stages = new Map(parents.map((task) => [task.taskId, stageOf(task.taskId, task.attempt)]));
  const rejected: { taskId: TaskId; reason: string }[] = [];
  let after: StagedTask | undefined;
  do {
    const tasks = await stores.tables.tasks.staged([...stages.values()], { after, limit: PAGE });
    const isWhole = after === undefined && tasks.length < PAGE;
    rejected.push(...(await admitPage(stores, { parents, tasks, isWhole })));
    after = tasks.length === PAGE ? cursorAt(tasks.at(-1), stages) : undefined;
  } while (after !== undefined);
  return rejected;
}

function cursorAt(last: Task | undefined, stages: ReadonlyMap<string, StageId>) {
  const stage = stages.get(last?.createdBy ?? "");
  return last && stage ? { stage, taskId: last.taskId } : undefined;
}

interface Subtasks {
  readonly parents: readonly Task[];
  readonly tasks: readonly Task[];
  /** These are all of them. */
  readonly isWhole: boolean;
}

async function admitPage(stores: Stores, page: Subtasks): Promise<Rejected> {
  await stores.tables.results.transfer(delegated(page));
  const batches = await batchesOf(stores, page);
  const bySession = Map.groupBy(page.tasks, ({ sessionId }) => sessionId);
  const admissions = [...bySession].map(([sessionId, tasks]) => {
    const own = batches.filter((batch) => batch.sessionId === sessionId);
    return admit(stores, { sessionId, tasks, batches: own });
  });
  return (await Promise.all(admissions)).flat();
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

/** The batches that these tasks were cut into; the parents' own are on record. */
async function batchesOf(stores: Stores, page: Subtasks): Promise<NewBatch[]> {
  const groups: Map<BatchId, Task[]> = Map.groupBy(page.tasks, ({ batchId: id }) => id);
  for (const parent of page.parents) groups.delete(parent.batchId);
  const names = page.isWhole ? await namesOf(stores, [...groups.values()]) : new Map();
  return [...groups].flatMap(([id, [task]]) =>
    task ? [{ batchId: id, sessionId: task.sessionId, name: names.get(id) }] : [],
  );
}

/** Of batches of one task. */
async function namesOf({ tables, scheduling }: Stores, groups: readonly Task[][]) {
  const singles = groups.filter(isOne).slice(0, scheduling.singleTasks);
  const outputs = singles.flatMap(([task]) => task.expectedOutputIds[0] ?? []);
  const results = await tables.results.get([...new Set(outputs)]);
  const outputOf = new Map(results.map((row) => [row.resultId, row]));
  return new Map(
    singles.map(([task]) => {
      const [output] = task.expectedOutputIds;
      return [task.batchId, nameOf(task, output && outputOf.get(output))] as const;
    }),
  );
}

const isOne = (tasks: Task[]): tasks is [Task] => tasks.length === 1;
