// What a session did, told from what the grid has on record about each of its tasks.
import Table from "cli-table3";
import { FilterStringOperator } from "../../src/gen/filters_common.ts";
import { SortDirection } from "../../src/gen/sort_direction.ts";
import { TaskStatus } from "../../src/gen/task_status.ts";
import type { TaskDetailed } from "../../src/gen/tasks_common.ts";
import { type TaskField, TaskSummaryEnumField } from "../../src/gen/tasks_fields.ts";
import type { Filters } from "../../src/gen/tasks_filters.ts";
import type { Grid } from "./client.ts";

const PAGE_SIZE = 1_000;
/** Without colours, which would be in the way in a file. */
const STYLE = { head: [], border: [], compact: true };

export async function tasksOf(grid: Grid, sessionId: string): Promise<TaskDetailed[]> {
  const tasks: TaskDetailed[] = [];
  for (let page = 0; ; page++) {
    const answer = await grid.tasks.listTasksDetailed({
      page,
      pageSize: PAGE_SIZE,
      filters: ofSession(sessionId),
      sort: { field: field(TaskSummaryEnumField.TASK_ID), direction: SortDirection.ASC },
    });
    tasks.push(...answer.tasks);
    if (answer.tasks.length === 0 || tasks.length >= answer.total) return tasks;
  }
}

/** Tasks by status; statuses without a task are left out. */
export async function countTasks(grid: Grid, sessionId: string): Promise<Map<TaskStatus, number>> {
  const { status } = await grid.tasks.countTasksByStatus({ filters: ofSession(sessionId) });
  return new Map(status.map(({ status, count }) => [status, count]));
}

function ofSession(sessionId: string): Filters {
  const value = { value: sessionId, operator: FilterStringOperator.EQUAL };
  const condition = {
    field: field(TaskSummaryEnumField.SESSION_ID),
    valueCondition: { $case: "filterString", value } as const,
  };
  return { or: [{ and: [condition] }] };
}

function field(name: TaskSummaryEnumField): TaskField {
  return { field: { $case: "taskSummaryField", value: { field: name } } };
}

/** The way of a task, and what each part of it means. */
const STAGES = [
  ["createdAt", "submittedAt", "waits for its inputs, or for a place in the queue"],
  ["submittedAt", "acquiredAt", "waits for an agent"],
  ["acquiredAt", "startedAt", "inputs are fetched; waits for the worker"],
  ["startedAt", "processedAt", "the worker runs"],
  ["processedAt", "endedAt", "the outcome is committed and carried out"],
  ["createdAt", "endedAt", "all of it"],
] as const;

export function sessionReport(
  tasks: readonly TaskDetailed[],
  { agents, historyEvents }: { agents: number; historyEvents: number },
): string {
  const wallMs =
    Math.max(...tasks.map((task) => at(task.endedAt))) -
    Math.min(...tasks.map((task) => at(task.createdAt)));
  const workMs = total(tasks.map((task) => at(task.processedAt) - at(task.startedAt)));
  const summary = new Table({ style: STYLE });
  summary.push(
    { Tasks: describe(tasks) },
    { Throughput: `${((1_000 * tasks.length) / wallMs).toFixed(0)} tasks/s` },
    {
      "Agents at work": `${((100 * workMs) / (agents * wallMs)).toFixed(0)} % of ${agents} agents`,
    },
    {
      "Temporal history": `${((1_000 * historyEvents) / tasks.length).toFixed(1)} events per 1,000 tasks`,
    },
  );

  const stages = new Table({
    head: ["stage", "p50 ms", "p99 ms", ""],
    colAligns: ["left", "right", "right", "left"],
    style: STYLE,
  });
  for (const [from, to, meaning] of STAGES) {
    const times = tasks
      .map((task) => at(task[to]) - at(task[from]))
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    const name = `${from.slice(0, -2)} → ${to.slice(0, -2)}`;
    stages.push([name, quantile(times, 0.5), quantile(times, 0.99), meaning]);
  }
  return `${summary}\n${stages}`;
}

const at = (date: Date | undefined): number => date?.getTime() ?? Number.NaN;
const total = (values: readonly number[]): number =>
  values.filter(Number.isFinite).reduce((sum, value) => sum + value, 0);
const quantile = (sorted: readonly number[], q: number): number | string =>
  sorted[Math.ceil(q * sorted.length) - 1] ?? "–";

function describe(tasks: readonly TaskDetailed[]): string {
  const counts = Map.groupBy(tasks, ({ status }) => statusName(status));
  return [...counts].map(([name, some]) => `${some.length} ${name}`).join(", ");
}

export const statusName = (status: TaskStatus): string =>
  Object.entries(TaskStatus).find(([, value]) => value === status)?.[0] ?? `status ${status}`;
