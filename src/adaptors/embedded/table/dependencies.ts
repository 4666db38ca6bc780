// Edges from results to the tasks that wait for them.
//
//   D1. One writer at a time and reads in the same transaction as the write: of "close" and
//       "add, then ready" the later one sees what the earlier one did.
import type { ResultId, TaskId } from "../../../domain/ids.ts";
import { TaskStatus } from "../../../domain/status.ts";
import type { DependencyTable } from "../../ports/table/dependencies.ts";
import type { Store } from "./store.ts";
import { readUpTo } from "./turns.ts";

const ADD = "INSERT INTO edges (result_id, task_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
// Closed ones are answered too: who closed them may have died before it did what follows.
const TASKS_OF = "SELECT task_id, open FROM edges WHERE result_id = ?";
const CLOSE = "UPDATE edges SET open = 0 WHERE result_id = ? AND open = 1";
const WAITS = "SELECT 1 FROM edges INDEXED BY edges_open WHERE task_id = ? AND open = 1 LIMIT 1";

const NUMBER = "SELECT n FROM tasks WHERE task_id = ?";
// Both indexes give the order: a page costs what it holds, wherever it begins.
const OPEN_IN_BATCH = `SELECT t.task_id, e.result_id FROM tasks t INDEXED BY tasks_batch
  CROSS JOIN edges e INDEXED BY edges_open ON e.task_id = t.task_id AND e.open = 1
  WHERE t.batch_id = ?1 AND t.ended_at IS NULL AND t.status IN (${TaskStatus.PENDING}, ${TaskStatus.PAUSED})
    AND t.n >= ?2 AND (t.n > ?2 OR e.result_id > ?3)
  ORDER BY t.n, e.result_id LIMIT ?4`;

type EdgeTuple = readonly [taskId: TaskId, open: number];
type OpenTuple = readonly [taskId: TaskId, resultId: ResultId];

export const dependencyTable = (store: Store): DependencyTable => {
  const withoutOpenEdge = (taskIds: Iterable<TaskId>): TaskId[] => {
    const waits = store.tuples(WAITS);
    return [...new Set(taskIds)].filter((taskId) => !waits.get(taskId));
  };

  const tasksOf = (resultIds: readonly string[]) => {
    const find = store.tuples(TASKS_OF);
    return resultIds.flatMap((resultId) => find.all(resultId) as unknown as EdgeTuple[]);
  };

  const closeOne = (resultId: string): TaskId[] => {
    const edges = tasksOf([resultId]);
    if (edges.some(([, open]) => open === 1)) store.sql(CLOSE).run(resultId);
    return edges.map(([taskId]) => taskId);
  };

  return {
    async add(edges) {
      if (edges.length === 0) return;
      await store.write(() => {
        const add = store.sql(ADD);
        for (const { taskId, resultIds } of edges)
          for (const resultId of resultIds) add.run(resultId, taskId);
      });
    },

    async close(resultIds) {
      if (resultIds.length === 0) return [];
      return store.write(() => withoutOpenEdge(resultIds.flatMap(closeOne)));
    },

    async ready(taskIds) {
      if (taskIds.length === 0) return [];
      return store.read(() => withoutOpenEdge(taskIds));
    },

    async dependents(resultIds) {
      if (resultIds.length === 0) return [];
      return store.read(() => [...new Set(tasksOf(resultIds).map(([taskId]) => taskId))]);
    },

    openInBatches: (batches, limit) =>
      readUpTo(store, { items: batches, limit }, ({ batchId, after }, left) => {
        const row = after && store.sql(NUMBER).get(after.taskId);
        const from = (row?.["n"] as number | undefined) ?? 0;
        const rows = store.tuples(OPEN_IN_BATCH).all(batchId, from, after?.resultId ?? "", left);
        return (rows as unknown as OpenTuple[]).map(([taskId, resultId]) => ({ taskId, resultId }));
      }),
  };
};
