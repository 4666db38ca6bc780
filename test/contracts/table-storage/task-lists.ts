import fc from "fast-check";
import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { Condition } from "../../../src/domain/filter/conditions.ts";
import { TASK_FIELDS, type TaskFields } from "../../../src/domain/filter/fields.ts";
import { TASKS } from "../../../src/domain/filter/lists.ts";
import { partitionId, type SessionId, type TaskId, taskId } from "../../../src/domain/ids.ts";
import { TaskStatus } from "../../../src/domain/status.ts";
import type { Task } from "../../../src/domain/task.ts";
import {
  idsOf,
  OPTIONS,
  someBatch,
  someSession,
  someTask,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { anyOptions, anyText, anyTime, OPTION_FIELDS } from "./any-values.ts";
import { bySession, inSession } from "./conditions.ts";
import {
  checkField,
  checkQueries,
  checkQuery,
  checkSorting,
  conditionsOn,
  fieldsOf,
  type Listed,
} from "./list-checks.ts";
import {
  bringTo,
  CANCELLED,
  COMPLETED,
  decided,
  FAILED,
  finished,
  RETRIED,
  SEEN_STATUSES,
  submitted,
  TIMED_OUT,
} from "./steps.ts";

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

const MARK = "mark of a test";

/** A task that clients, workers and failures could make. */
const anyTask = fc.record({
  status: fc.constantFrom(...SEEN_STATUSES),
  error: anyText,
  createdBy: anyText.map((id): TaskId | "" => taskId(id)),
  initialTaskId: anyText.map(taskId),
  createdAt: anyTime,
  options: anyOptions,
});

async function store(
  tables: TableStorage,
  session: SessionId,
  { status, error, ...given }: typeof anyTask extends fc.Arbitrary<infer T> ? T : never,
): Promise<TaskId> {
  const task = taskIn(session, { ...given, batchId: someBatch() });
  if (status === TaskStatus.ERROR) await finished(tables, [task], { outcome: "error", error });
  else await bringTo(tables, task, status);
  return task.taskId;
}

export function taskLists({ open }: TableStoragePromises): void {
  const listed = (
    tables: TableStorage,
    session: SessionId,
    rows: readonly Task[],
  ): Listed<Task, TaskFields> => ({
    list: TASKS,
    scope: inSession(session),
    read: tables.tasks.list,
    rows,
    options: OPTION_FIELDS,
  });
  const populated = async (): Promise<Listed<Task, TaskFields>> => {
    const tables = await open();
    const session = someSession();
    return listed(tables, session, await populate(tables, session));
  };

  for (const field of Object.keys(TASK_FIELDS) as (keyof typeof TASK_FIELDS)[]) {
    it(`lists tasks by ${field}, with each operator`, async () => {
      await checkField(await populated(), field);
    });
  }

  it("lists tasks by any of their options", async () => {
    const tasks = await populated();
    for (const field of OPTION_FIELDS) await checkField(tasks, field);
  });

  it("sorts tasks by each field, and in pages", async () => {
    await checkSorting(await populated());
  });

  it("combines conditions, and alternatives of them", async () => {
    await checkQueries(await populated(), 300);
  });

  it("answers any query about any tasks as it is meant", async () => {
    const tables = await open();
    const some = fc.array(anyTask, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(some, async (tasks) => {
        const session = someSession();
        const ids = await Promise.all(tasks.map((task) => store(tables, session, task)));
        await checkQueries(listed(tables, session, await tables.tasks.get(ids)), 25);
      }),
      { numRuns: 60 },
    );
  });

  it("lists the tasks of a session that ended last, in pages of any size", async () => {
    const tables = await open();
    const session = someSession();
    const records = [COMPLETED, FAILED, CANCELLED, RETRIED, TIMED_OUT];
    const tasks = tasksIn(session, 14);
    for (const [i, task] of tasks.slice(0, 11).entries()) {
      await decided(tables, [task], records[i % records.length]);
      await tables.tasks.finish([task.taskId], 10 + ((i * 7) % 5));
    }
    await submitted(tables, tasks.slice(11));
    const some = listed(tables, session, await tables.tasks.get(idsOf(tasks)));
    const sort = [{ field: "endedAt", descending: true }] as const;
    for (const pageSize of [1, 2, 5, 20])
      for (let page = 0; page * pageSize < tasks.length; page++)
        await checkQuery(some, { filter: [], sort, page, pageSize });
  });

  it("answers the same without being told the session", async () => {
    const tables = await open();
    const some = fc.array(anyTask, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(some, async (tasks) => {
        const session = someSession();
        const options = { [MARK]: session };
        const marked = tasks.map((task) => ({
          ...task,
          options: { ...task.options, options: { ...task.options.options, ...options } },
        }));
        const ids = await Promise.all(marked.map((task) => store(tables, session, task)));
        const rows = await tables.tasks.get(ids);
        const scope: Condition<TaskFields> = {
          ...{ kind: "string", field: { option: MARK }, operator: "equal", value: session },
        };
        await checkQueries({ ...listed(tables, session, rows), scope }, 10);
      }),
      { numRuns: 15 },
    );
  });

  it("counts by status under any filter what it lists", async () => {
    const listed = await populated();
    const { tasks } = await open();
    const all = fieldsOf(listed).flatMap((field) => conditionsOn(listed, field));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), async (condition) => {
        const filter = [[listed.scope, condition]];
        const { rows } = await tasks.list({ filter, sort: [], page: 0, pageSize: 100 });
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
    const filter = asked.map((value): Condition<TaskFields>[] => [
      inSession(session),
      { kind: "string", field: "taskId", operator: "equal", value },
    ]);
    const page = await tables.tasks.list({ filter, sort: [], page: 0, pageSize: 100 });
    expect(idsOf(page.rows)).toEqual([...ids].sort());
    expect(page.total).toBe(30);
  });

  it("takes a filter with thousands of alternatives", async () => {
    const tables = await open();
    const session = someSession();
    await submitted(tables, tasksIn(session, 3));
    const filter = Array.from({ length: 3_000 }, (_, i): Condition<TaskFields>[] => [
      inSession(session),
      { kind: "date", field: "createdAt", operator: "less", value: i },
    ]);
    expect(await tables.tasks.countByStatus(filter)).toEqual([{ status: 2, count: 3 }]);
  });

  it("answers the total alone when no page is asked for", async () => {
    const tables = await open();
    const session = someSession();
    await submitted(tables, tasksIn(session, 3));
    const sort = [{ field: "createdAt", descending: true }] as const;
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
