import type { OpenGrid } from "../open-grid.ts";
import { type Case, refuses, summary, taskFilter, text } from "./refuses.ts";

const SORT = {
  direction: 1,
  field: { field: { $case: "taskSummaryField", value: { field: 16 } } },
} as const;
const RESULT_SORT = {
  direction: 1,
  field: { field: { $case: "resultRawField", value: { field: 7 } } },
} as const;
const EMPTY = { or: [] };

const listTasks = (grid: OpenGrid, change: object) =>
  grid.tasks.listTasks({ page: 0, pageSize: 10, filters: EMPTY, sort: SORT, ...change });

const LISTS: Case[] = [
  [
    "negative page",
    (g) => listTasks(g, { page: -1 }),
    "INVALID_ARGUMENT",
    /page: is -1; 0 or more/,
  ],
  [
    "negative page size",
    (g) => listTasks(g, { pageSize: -1 }),
    "INVALID_ARGUMENT",
    /page_size: is -1/,
  ],
  [
    "no filters",
    (g) => listTasks(g, { filters: undefined }),
    "INVALID_ARGUMENT",
    /filters: is missing/,
  ],
  ["no sort", (g) => listTasks(g, { sort: undefined }), "INVALID_ARGUMENT", /sort: is missing/],
  [
    "no sort direction",
    (g) => listTasks(g, { sort: { ...SORT, direction: 0 } }),
    "INVALID_ARGUMENT",
    /sort.direction: is 0/,
  ],
  [
    "no sort field",
    (g) => listTasks(g, { sort: { direction: 1 } }),
    "INVALID_ARGUMENT",
    /sort.field: is missing/,
  ],
  [
    "unspecified sort field",
    (g) => listTasks(g, { sort: { direction: 1, field: { field: summary(0) } } }),
    "INVALID_ARGUMENT",
    /sort.field.task_summary_field.field: is 0/,
  ],
  [
    "tens of thousands of comparisons",
    (g) => {
      const contains = { $case: "filterString", value: { value: "x", operator: 2 } };
      const [clause] = (taskFilter(summary(16), contains) as { or: object[] }).or;
      return listTasks(g, { filters: { or: Array(40_000).fill(clause) } });
    },
    "INVALID_ARGUMENT",
    /filters: has 40000 conditions besides equalities of text; at most 10000/,
  ],
  [
    "unspecified filter field",
    (g) => listTasks(g, { filters: taskFilter(summary(0), text) }),
    "INVALID_ARGUMENT",
    /filters.or\[0\].and\[0\].field.task_summary_field.field: is 0/,
  ],
  [
    "filter field that does not exist",
    (g) => listTasks(g, { filters: taskFilter(summary(999), text) }),
    "INVALID_ARGUMENT",
    /field: is 999/,
  ],
  [
    "empty filter field",
    (g) => listTasks(g, { filters: { or: [{ and: [{ field: {} }] }] } }),
    "INVALID_ARGUMENT",
    /and\[0\].field: is empty/,
  ],
  [
    "no filter field",
    (g) => listTasks(g, { filters: { or: [{ and: [{}] }] } }),
    "INVALID_ARGUMENT",
    /filters.or\[0\].and\[0\].field: is missing/,
  ],
  [
    "no condition",
    (g) => listTasks(g, { filters: { or: [{ and: [{ field: { field: summary(16) } }] }] } }),
    "INVALID_ARGUMENT",
    /value_condition: is missing; give a string condition/,
  ],
  [
    "condition of another type",
    (g) => listTasks(g, { filters: taskFilter(summary(2), text) }),
    "INVALID_ARGUMENT",
    /value_condition: is a string condition; status takes a status condition/,
  ],
  [
    "operator that does not exist",
    (g) =>
      listTasks(g, {
        filters: taskFilter(summary(16), {
          $case: "filterString",
          value: { value: "x", operator: 77 },
        }),
      }),
    "INVALID_ARGUMENT",
    /filter_string.operator: is 77; 0 to 5/,
  ],
  [
    "unspecified status",
    (g) =>
      listTasks(g, {
        filters: taskFilter(summary(2), {
          $case: "filterStatus",
          value: { value: 0, operator: 0 },
        }),
      }),
    "INVALID_ARGUMENT",
    /filter_status.value: is 0; one of 1, 2/,
  ],
  [
    "unspecified option field",
    (g) =>
      g.tasks.countTasksByStatus({
        filters: taskFilter({ $case: "taskOptionField", value: { field: 0 } }, text),
      }),
    "INVALID_ARGUMENT",
    /task_option_field.field: is 0/,
  ],
  [
    "results without filters",
    (g) => g.results.listResults({ sort: RESULT_SORT }),
    "INVALID_ARGUMENT",
    /filters: is missing/,
  ],
  [
    "result field that cannot be compared",
    (g) =>
      g.results.listResults({
        sort: RESULT_SORT,
        filters: {
          or: [
            {
              and: [
                {
                  field: { field: { $case: "resultRawField", value: { field: 10 } } },
                  valueCondition: text as never,
                },
              ],
            },
          ],
        },
      }),
    "INVALID_ARGUMENT",
    /objectId cannot be compared/,
  ],
  [
    "partitions without sort",
    (g) => g.partitions.listPartitions({ filters: EMPTY }),
    "INVALID_ARGUMENT",
    /sort: is missing/,
  ],
  [
    "unknown partition",
    (g) => g.partitions.getPartition({ id: "nowhere" }),
    "NOT_FOUND",
    /Partition was not found: nowhere/,
  ],
];

refuses("bad input to lists", LISTS);
