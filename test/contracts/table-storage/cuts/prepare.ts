// Brings the documents of a cast to where a verb begins.
import type { TableStorage } from "../../../../src/adaptors/table-storage.ts";
import { ResultStatus, TaskStatus } from "../../../../src/domain/status.ts";
import type { CommitRecord } from "../../../../src/domain/task.ts";
import { completionOf, sessionRow } from "../../../support/rows.ts";
import { CANCELLED, keyOf } from "../steps.ts";
import type { Cast } from "./cast.ts";

export const session = ({ sessions }: TableStorage, cast: Cast): Promise<void> =>
  sessions.create(sessionRow({ sessionId: cast.session }));

export const creating = ({ tasks }: TableStorage, cast: Cast): Promise<void> =>
  tasks.create(cast.tasks, { stage: cast.stage });

export async function pending(tables: TableStorage, cast: Cast): Promise<void> {
  await creating(tables, cast);
  await tables.tasks.accept(cast.taskIds);
}

export async function submitted(tables: TableStorage, cast: Cast): Promise<void> {
  await pending(tables, cast);
  await tables.tasks.submit(cast.taskIds, 2);
}

export async function acquired(tables: TableStorage, cast: Cast): Promise<void> {
  await submitted(tables, cast);
  await tables.tasks.acquire(cast.taskIds, cast.owner, 3);
}

export async function running(tables: TableStorage, cast: Cast): Promise<void> {
  await acquired(tables, cast);
  const won = await tables.tasks.get(cast.taskIds);
  await tables.tasks.start(won.map((task) => ({ ...keyOf(task), fetchedAt: 4, startedAt: 5 })));
}

export async function decided(tables: TableStorage, cast: Cast, record: CommitRecord) {
  await running(tables, cast);
  const from = [TaskStatus.PROCESSING];
  const runs = await tables.tasks.get(cast.taskIds);
  await tables.tasks.decide(
    runs.map((task) => ({ ...keyOf(task), from, record })),
    6,
  );
}

/** Of tasks that wait. */
export async function cancelled({ tasks }: TableStorage, { taskIds }: Cast): Promise<void> {
  const from = [TaskStatus.PENDING];
  await tasks.decide(
    taskIds.map((taskId) => ({ taskId, from, record: CANCELLED })),
    6,
  );
  await tasks.finish(taskIds, 7);
}

/** Every task waits for every result. */
export async function waiting(tables: TableStorage, cast: Cast): Promise<void> {
  await pending(tables, cast);
  await edges(tables, cast);
}

export const edges = (
  { dependencies }: TableStorage,
  { taskIds, resultIds }: Cast,
): Promise<void> => dependencies.add(taskIds.map((taskId) => ({ taskId, resultIds })));

export const withOutputs = ({ results }: TableStorage, { outputs }: Cast): Promise<void> =>
  results.create(outputs);

/** Completed outputs in two stages. */
export async function staged({ results }: TableStorage, cast: Cast): Promise<void> {
  const done = { status: ResultStatus.COMPLETED, completedAt: 9 };
  const rows = cast.outputs.map((row) => ({ ...row, ...completionOf(row), ...done }));
  await results.create(rows.slice(0, 2), cast.stages[0]);
  await results.create(rows.slice(2), cast.stages[1]);
}

export const claimsOf = ({ tasks }: Cast) =>
  tasks.flatMap(({ taskId, expectedOutputIds }) =>
    expectedOutputIds.map((resultId) => ({ resultId, taskId })),
  );

export async function claimed(tables: TableStorage, cast: Cast): Promise<void> {
  await withOutputs(tables, cast);
  await tables.results.claim(claimsOf(cast));
}
