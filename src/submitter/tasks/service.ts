import { GridError } from "../../domain/errors.ts";
import { taskId } from "../../domain/ids.ts";
import type { TasksDefinition } from "../../gen/tasks_service.ts";
import type { Service } from "../../grpc/service.ts";
import { cancelTasks } from "../../lifecycle/cancel.ts";
import type { Grid } from "../grid.ts";
import { TASK_LIST } from "../lists/fields.ts";
import { toFilter, toQuery } from "../lists/query.ts";
import { createBatching } from "../submission/batching.ts";
import { toTaskDetailed, toTaskSummary } from "./convert.ts";
import { submitTasks } from "./submit.ts";

export function tasksService(grid: Grid): Service<TasksDefinition> {
  const { stores } = grid;
  const { tasks } = stores.tables;
  const batching = createBatching(grid);
  return {
    submitTasks: (request) => submitTasks(grid, batching, request),

    async getTask({ taskId: id }) {
      const [task] = await tasks.get([taskId(id)]);
      if (!task) throw new GridError("TASK_NOT_FOUND", id === "" ? "task_id is empty" : id);
      return { task: toTaskDetailed(task) };
    },

    async listTasks(request) {
      const { rows, total } = await tasks.list(toQuery(request, TASK_LIST));
      const { page, pageSize } = request;
      return { tasks: rows.map(toTaskSummary), page, pageSize, total };
    },

    async listTasksDetailed(request) {
      const { rows, total } = await tasks.list(toQuery(request, TASK_LIST));
      const { page, pageSize } = request;
      return { tasks: rows.map(toTaskDetailed), page, pageSize, total };
    },

    async getResultIds({ taskId: ids }) {
      const found = await tasks.get([...new Set(ids)].map(taskId));
      const taskResults = found.map(({ taskId: id, expectedOutputIds }) => ({
        taskId: id,
        resultIds: [...expectedOutputIds],
      }));
      return { taskResults };
    },

    async countTasksByStatus({ filters }) {
      const filter = filters ? toFilter(filters, TASK_LIST, "filters") : [];
      return { status: await tasks.countByStatus(filter) };
    },

    async cancelTasks({ taskIds }) {
      const ids = [...new Set(taskIds)].map(taskId);
      await cancelTasks(stores, ids, "Cancelled by a client");
      return { tasks: (await tasks.get(ids)).map(toTaskSummary) };
    },
  };
}
