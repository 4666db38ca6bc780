/**
 * Takes the subtasks of a committed attempt into the session. Repeatable like all of roll-forward.
 *
 *   U1. A few subtasks are part of their parent's batch, so that Temporal hears nothing of them
 *       (I7). Nobody can close it too early: they count as open from when they are staged, and
 *       until they are accepted their parent does.
 */
import { cut, isSmallAddition, type NewBatch } from "../domain/batch.ts";
import { type BatchId, batchId, stageOf, type TaskId } from "../domain/ids.ts";
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

/** Subtasks found staged by the parent's attempt; their outputs move from the parent to them. */
export async function admitSubtasks(stores: Stores, parent: Task): Promise<Rejected> {
  const stage = stageOf(parent.taskId, parent.attempt);
  const rejected: { taskId: TaskId; reason: string }[] = [];
  const expected = new Set(parent.expectedOutputIds);
  let after: TaskId | undefined;
  do {
    const tasks = await stores.tables.tasks.staged(stage, { after, limit: PAGE });
    await stores.tables.results.transfer(
      tasks.flatMap(({ taskId, expectedOutputIds }) =>
        expectedOutputIds
          .filter((resultId) => expected.has(resultId))
          .map((resultId) => ({ resultId, from: parent.taskId, to: taskId })),
      ),
    );
    const { sessionId } = parent;
    const batches = await batchesOf(stores, parent, tasks);
    rejected.push(...(await admit(stores, { sessionId, tasks, batches })));
    after = tasks.length === PAGE ? tasks.at(-1)?.taskId : undefined;
  } while (after !== undefined);
  return rejected;
}

/** The batches that these tasks were cut into; the parent's own is on record. */
async function batchesOf(
  { tables, scheduling }: Stores,
  parent: Task,
  tasks: readonly Task[],
): Promise<NewBatch[]> {
  const { sessionId } = parent;
  const groups: Map<BatchId, Task[]> = Map.groupBy(tasks, ({ batchId: id }) => id);
  groups.delete(parent.batchId);
  // A page may show but one task of a larger batch; only of few tasks each has its own.
  const singles = tasks.length <= scheduling.singleTasks ? [...groups.values()].filter(isOne) : [];
  const outputs = singles.flatMap(
    ([
      {
        expectedOutputIds: [id],
      },
    ]) => id ?? [],
  );
  const results = await tables.results.get([...new Set(outputs)]);
  const names = new Map(
    singles.map(([task]) => {
      const [output] = task.expectedOutputIds;
      return [
        task.batchId,
        nameOf(
          task,
          results.find(({ resultId }) => resultId === output),
        ),
      ];
    }),
  );
  return [...groups.keys()].map((id) => ({ batchId: id, sessionId, name: names.get(id) }));
}

const isOne = (tasks: Task[]): tasks is [Task] => tasks.length === 1;
