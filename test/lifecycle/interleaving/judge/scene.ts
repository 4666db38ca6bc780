// What is left when all is settled, as the judges see it.
import type { ResultId, TaskId } from "../../../../src/domain/ids.ts";
import type { Result } from "../../../../src/domain/result.ts";
import {
  FINAL_TASK_STATUSES,
  ResultStatus,
  SessionStatus,
  TaskStatus,
} from "../../../../src/domain/status.ts";
import type { Task } from "../../../../src/domain/task.ts";
import { inputsOf } from "../../../../src/lifecycle/admit.ts";
import type { World } from "../world.ts";

export interface Scene {
  readonly world: World;
  readonly status: SessionStatus;
  readonly tasks: ReadonlyMap<TaskId, Task>;
  readonly results: ReadonlyMap<ResultId, Result>;
}

/** Each names the promise that was broken. */
export type Complaints = Generator<string, void>;

export async function readScene(world: World): Promise<Scene> {
  const { sessionId, stores } = world;
  const { tables } = stores;
  const query = {
    filter: [[{ kind: "string", field: "sessionId", operator: "equal", value: sessionId }]],
    sort: [{ field: "createdAt", descending: false }],
    ...{ page: 0, pageSize: 10_000 },
  } as const;
  const tasks = await tables.tasks.list(query);
  const results = await tables.results.list(query);
  const session = await tables.sessions.get(sessionId);
  return {
    world,
    status: session?.status ?? SessionStatus.DELETED,
    tasks: new Map(tasks.rows.map((row) => [row.taskId, row])),
    results: new Map(results.rows.map((row) => [row.resultId, row])),
  };
}

export const isFinal = ({ status }: Task): boolean => FINAL_TASK_STATUSES.includes(status);

export const nameOf = (status: number | undefined): string =>
  Object.entries(TaskStatus).find(([, value]) => value === status)?.[0] ?? `${status}`;

export const inputsIn = ({ results }: Scene, task: Task): (Result | undefined)[] =>
  inputsOf(task).map((id) => results.get(id));

export const cannotCome = (result: Result | undefined): boolean =>
  result === undefined ||
  result.status === ResultStatus.ABORTED ||
  result.status === ResultStatus.DELETED;
