/** Takes the subtasks of a committed attempt into the session. Repeatable like all of roll-forward. */

import type { NewBatch } from "../domain/batch.ts";
import { type BatchId, stageOf, type TaskId } from "../domain/ids.ts";
import type { Task } from "../domain/task.ts";
import { admit, type Rejected } from "./admit.ts";
import type { Stores } from "./stores.ts";

const PAGE = 1_000;

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
    rejected.push(...(await admit(stores, { sessionId, tasks, batches: batchesOf(tasks) })));
    after = tasks.length === PAGE ? tasks.at(-1)?.taskId : undefined;
  } while (after !== undefined);
  return rejected;
}

/**
 * The batches these tasks were cut into. A batch that straddles two pages is added with the part
 * seen first: the count is what people read, progress is counted from the tasks themselves.
 */
function batchesOf(tasks: readonly Task[]): NewBatch[] {
  const groups: Map<BatchId, Task[]> = Map.groupBy(tasks, ({ batchId }) => batchId);
  return [...groups].flatMap(([batchId, members]) => {
    const [first] = members;
    if (!first) return [];
    const { sessionId } = first;
    const name = members.length === 1 ? first.taskId : undefined;
    return [{ batchId, sessionId, taskCount: members.length, name }];
  });
}
