import type { Change } from "../../../../src/adaptors/table-storage.ts";
import type { ResultId, TaskId } from "../../../../src/domain/ids.ts";
import {
  FINAL_TASK_STATUSES,
  mayChange,
  ResultStatus,
  TASK_MACHINE,
  TaskStatus,
} from "../../../../src/domain/status.ts";
import { type Complaints, nameOf, type Scene } from "./scene.ts";

/** I5, as a client sees it; and F4: what became of each document was told. */
export function* judgeChanges(changes: readonly Change[], scene: Scene): Complaints {
  const tasks = new Map<TaskId, TaskStatus>();
  const results = new Map<ResultId, ResultStatus>();
  for (const change of changes) {
    if (change.kind === "newTask" || change.kind === "taskStatus") {
      const { taskId, status } = change;
      yield* judgeTask(taskId, tasks.get(taskId), status);
      tasks.set(taskId, status);
    } else if (change.kind !== "resultOwner") {
      const { resultId, status } = change;
      yield* judgeResult(resultId, results.get(resultId), status);
      results.set(resultId, status);
    }
  }
  for (const { taskId, status } of scene.tasks.values())
    if (tasks.get(taskId) !== status)
      yield `F4: ${taskId} is ${nameOf(status)} and was told ${nameOf(tasks.get(taskId))}`;
  for (const { resultId, status } of scene.results.values())
    if (results.get(resultId) !== status)
      yield `F4: result ${resultId} is ${status} and was told ${results.get(resultId)}`;
}

/** PROCESSED is never shown: what shows is the status before it, and after it. */
function* judgeTask(taskId: TaskId, from: TaskStatus | undefined, to: TaskStatus): Complaints {
  const next = FINAL_TASK_STATUSES.includes(to) ? TaskStatus.PROCESSED : to;
  if (from !== undefined && !mayChange(TASK_MACHINE, from, next))
    yield `I5: ${taskId} went from ${nameOf(from)} to ${nameOf(to)}`;
}

function* judgeResult(id: ResultId, from: ResultStatus | undefined, to: ResultStatus): Complaints {
  if (from !== undefined && from !== ResultStatus.CREATED)
    yield `I5: result ${id} went from ${from} to ${to}`;
}
