// Edges from results to the tasks that wait for them.
//
//   D1. One writer at a time and reads in the same transaction as the write: of "close" and
//       "add, then ready" the later one sees what the earlier one did.
import type { TaskId } from "../../../domain/ids.ts";
import type { DependencyTable } from "../port/tasks.ts";
import type { Store } from "./store.ts";

const ADD = "INSERT INTO edges (result_id, task_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
// Closed ones are answered too: who closed them may have died before it did what follows.
const TASKS_OF = "SELECT task_id, open FROM edges WHERE result_id = ?";
const CLOSE = "UPDATE edges SET open = 0 WHERE result_id = ? AND open = 1";
const WAITS = "SELECT 1 FROM edges INDEXED BY edges_open WHERE task_id = ? AND open = 1 LIMIT 1";

type Edge = readonly [taskId: TaskId, open: number];

export const dependencyTable = (store: Store): DependencyTable => {
  const withoutOpenEdge = (taskIds: Iterable<TaskId>): TaskId[] => {
    const waits = store.tuples(WAITS);
    return [...new Set(taskIds)].filter((taskId) => !waits.get(taskId));
  };

  const tasksOf = (resultIds: readonly string[]) => {
    const find = store.tuples(TASKS_OF);
    return resultIds.flatMap((resultId) => find.all(resultId) as unknown as Edge[]);
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
  };
};
