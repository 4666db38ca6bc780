import fc from "fast-check";
import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { Condition, Field, TaskField } from "../../../src/domain/filter.ts";
import { partitionId, type SessionId } from "../../../src/domain/ids.ts";
import { errorOf, type Task } from "../../../src/domain/task.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { bySession, inSession } from "./conditions.ts";
import type { Value } from "./evaluation.ts";
import {
  checkField,
  checkFilter,
  checkSorting,
  conditionsOn,
  type Kind,
  type Listed,
} from "./list-checks.ts";
import { idsOf, OPTIONS, someBatch, someSession, someTask, taskIn, tasksIn } from "./rows.ts";
import { bringTo, SEEN_STATUSES, submitted } from "./steps.ts";

const KINDS: Readonly<Record<TaskField, Kind>> = {
  taskId: "string",
  sessionId: "string",
  ownerAgentId: "string",
  ownerHostname: "string",
  initialTaskId: "string",
  payloadId: "string",
  createdBy: "string",
  error: "string",
  partitionId: "string",
  applicationName: "string",
  applicationVersion: "string",
  applicationNamespace: "string",
  applicationService: "string",
  engineType: "string",
  status: "status",
  createdAt: "date",
  submittedAt: "date",
  receivedAt: "date",
  acquiredAt: "date",
  fetchedAt: "date",
  startedAt: "date",
  processedAt: "date",
  endedAt: "date",
  creationToEndMs: "duration",
  processingToEndMs: "duration",
  receivedToEndMs: "duration",
  maxDurationMs: "duration",
  maxRetries: "number",
  priority: "number",
};
const FIELDS = Object.entries(KINDS) as [TaskField, Kind][];
const OPTION_FIELDS: readonly Field<TaskField>[] = [
  { option: "color" },
  { option: "rare" },
  { option: 'a "quoted" $.key' },
];

const between = (from: number | undefined, to: number | undefined): number | undefined =>
  from === undefined || to === undefined ? undefined : to - from;

function valueIn(task: Task, field: Field<TaskField>): Value {
  if (typeof field !== "string") return task.options.options[field.option];
  if (field in task.options) return (task.options as unknown as Record<string, Value>)[field];
  switch (field) {
    case "error":
      return errorOf(task);
    case "creationToEndMs":
      return between(task.createdAt, task.endedAt);
    case "processingToEndMs":
      return between(task.startedAt, task.endedAt);
    case "receivedToEndMs":
      return between(task.receivedAt, task.endedAt);
    default:
      return (task as unknown as Record<string, Value>)[field];
  }
}

/** Tasks in every status, that differ in everything one can ask for. */
async function populate(tables: TableStorage, session: SessionId): Promise<Task[]> {
  const tasks = SEEN_STATUSES.map((_, i) =>
    taskIn(session, {
      batchId: someBatch(),
      createdAt: 1 - i,
      createdBy: i % 2 ? someTask() : "",
      ...(i % 3 ? {} : { initialTaskId: someTask() }),
      options: {
        ...OPTIONS,
        priority: 1 + (i % 3),
        maxRetries: i % 4,
        maxDurationMs: 1_000 * (i % 3),
        partitionId: partitionId(i % 2 ? "Default" : "100%_sure"),
        applicationName: `näme ${i % 3}`,
        applicationVersion: `1.${i % 2}`,
        applicationNamespace: i % 2 ? "" : "space",
        applicationService: `service-${i % 4}`,
        engineType: i % 2 ? "Engine" : "engine",
        options: {
          color: i % 2 ? "blue" : "Blue",
          ...(i % 3 === 0 ? { rare: `${i}` } : {}),
          'a "quoted" $.key': `it's ${i % 2}`,
        },
      },
    }),
  );
  for (const [i, task] of tasks.entries()) await bringTo(tables, task, SEEN_STATUSES[i] ?? 12);
  return tables.tasks.get(idsOf(tasks));
}

export function taskLists({ open }: TableStoragePromises): void {
  const populated = async (): Promise<Listed<TaskField, Task>> => {
    const tables = await open();
    const session = someSession();
    const rows = await populate(tables, session);
    return {
      scope: inSession(session),
      key: "taskId",
      list: tables.tasks.list,
      rows,
      values: valueIn,
    };
  };

  for (const [field, kind] of FIELDS) {
    it(`lists tasks by ${field}, with each operator`, async () => {
      await checkField(await populated(), kind, field);
    });
  }

  it("lists tasks by any of their options", async () => {
    const listed = await populated();
    for (const field of OPTION_FIELDS) await checkField(listed, "string", field);
  });

  it("sorts tasks by each field, and in pages", async () => {
    const listed = await populated();
    for (const [field] of FIELDS) await checkSorting(listed, field);
    for (const field of OPTION_FIELDS) await checkSorting(listed, field);
  });

  it("combines conditions, and alternatives of them", async () => {
    const listed = await populated();
    const kinds = [...FIELDS, ...OPTION_FIELDS.map((field) => [field, "string"] as const)];
    const all = kinds.flatMap(([field, kind]) => conditionsOn(listed, kind, field));
    const condition = fc.constantFrom(...all);
    const filter = fc.array(fc.array(condition, { maxLength: 3 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(filter, (some) => checkFilter(listed, some)),
      {
        numRuns: 300,
      },
    );
  });

  it("counts by status under any filter what it lists", async () => {
    const listed = await populated();
    const { tasks } = await open();
    const all = FIELDS.flatMap(([field, kind]) => conditionsOn(listed, kind, field));
    const sort = { field: "taskId", descending: false } as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), async (condition) => {
        const filter = [[listed.scope, condition]];
        const { rows } = await tasks.list({ filter, sort, page: 0, pageSize: 100 });
        const counts = Object.groupBy(rows, ({ status }) => status);
        expect(
          Object.fromEntries(
            (await tasks.countByStatus(filter)).map((row) => [row.status, row.count]),
          ),
        ).toEqual(
          Object.fromEntries(
            Object.entries(counts).map(([status, some]) => [status, some?.length]),
          ),
        );
      }),
      { numRuns: 100 },
    );
  });

  it("finds thousands of named tasks at once", async () => {
    const tables = await open();
    const session = someSession();
    const ids = await submitted(tables, tasksIn(session, 30));
    const asked = [...ids, ...Array.from({ length: 3_000 }, someTask)];
    const filter = asked.map((value): Condition<TaskField>[] => [
      inSession(session),
      { kind: "string", field: "taskId", operator: "equal", value },
    ]);
    const sort = { field: "taskId", descending: false } as const;
    const page = await tables.tasks.list({ filter, sort, page: 0, pageSize: 100 });
    expect(idsOf(page.rows)).toEqual([...ids].sort());
    expect(page.total).toBe(30);
  });

  it("takes a filter with thousands of alternatives", async () => {
    const tables = await open();
    const session = someSession();
    await submitted(tables, tasksIn(session, 3));
    const filter = Array.from({ length: 3_000 }, (_, i): Condition<TaskField>[] => [
      inSession(session),
      { kind: "date", field: "createdAt", operator: "less", value: i },
    ]);
    expect(await tables.tasks.countByStatus(filter)).toEqual([{ status: 2, count: 3 }]);
  });

  it("answers the total alone when no page is asked for", async () => {
    const tables = await open();
    const session = someSession();
    await submitted(tables, tasksIn(session, 3));
    const sort = { field: "createdAt", descending: true } as const;
    const priority = { kind: "number", field: "priority", operator: "less", value: 9 } as const;
    for (const filter of [bySession(session), [[inSession(session), priority]]]) {
      const query = { filter, sort, page: 0, pageSize: 0 };
      expect(await tables.tasks.list(query)).toEqual({ rows: [], total: 3 });
      expect(await tables.tasks.list({ ...query, page: 7, pageSize: 5 })).toEqual({
        rows: [],
        total: 3,
      });
    }
  });
}
