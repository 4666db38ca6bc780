// One task that submits many no-op children: its end → the last of them is on the queue.
import { setTimeout as sleep } from "node:timers/promises";
import { FilterStringOperator } from "../../src/gen/filters_common.ts";
import { SortDirection } from "../../src/gen/sort_direction.ts";
import { TaskStatus } from "../../src/gen/task_status.ts";
import { TaskSummaryEnumField } from "../../src/gen/tasks_fields.ts";
import type { BenchClient } from "../support/client.ts";
import { type Work, count as written } from "../support/work.ts";

/** Seconds by the tasks' own times: the parent's `processed_at`, the last child's `submitted_at`. */
async function submitChildren(client: BenchClient, count: number): Promise<number> {
  const sessionId = await client.newSession();
  const [payloadId = ""] = await client.newData(sessionId, [Buffer.from("children")]);
  const outputs = await client.newResults(sessionId, 1);
  const known = client.completed(sessionId, outputs);
  await client.submit(sessionId, [{ payloadId, outputs, options: { children: `${count}` } }]);
  await known;
  const ofSession = { or: [{ and: [equalSession(sessionId)] }] };
  const queued = async () => {
    const { status } = await client.tasks.countTasksByStatus({ filters: ofSession });
    return status
      .filter((each) => each.status !== TaskStatus.CREATING && each.status !== TaskStatus.PENDING)
      .reduce((sum, each) => sum + each.count, 0);
  };
  while ((await queued()) <= count) await sleep(50);
  const [parent] = await byTime(client, ofSession, SortDirection.ASC);
  const [last] = await byTime(client, ofSession, SortDirection.DESC);
  return (Number(last?.submittedAt) - Number(parent?.processedAt)) / 1_000;
}

type Filters = Parameters<BenchClient["tasks"]["listTasks"]>[0]["filters"];

const byTime = async (client: BenchClient, filters: Filters, direction: SortDirection) => {
  const { SUBMITTED_AT: value } = TaskSummaryEnumField;
  const field = { field: { $case: "taskSummaryField" as const, value: { field: value } } };
  const query = { filters, sort: { field, direction }, page: 0, pageSize: 1 };
  return (await client.tasks.listTasksDetailed(query)).tasks;
};

const equalSession = (value: string) => ({
  field: {
    field: {
      $case: "taskSummaryField" as const,
      value: { field: TaskSummaryEnumField.SESSION_ID },
    },
  },
  valueCondition: {
    $case: "filterString" as const,
    value: { value, operator: FilterStringOperator.EQUAL },
  },
});

export const children: Work = {
  key: "children",
  on: "running grid",
  run: async ({ client }, tasks) => [
    {
      title: `one task submits ${written(tasks)} children: its end → all on the queue`,
      unit: "s",
      better: "less",
      target: { limit: 3 },
      value: await submitChildren(client, tasks),
    },
  ],
};
