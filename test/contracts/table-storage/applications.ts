import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { Application } from "../../../src/domain/application.ts";
import type { Condition } from "../../../src/domain/filter/conditions.ts";
import { APPLICATION_FIELDS, type ApplicationFields } from "../../../src/domain/filter/fields.ts";
import { APPLICATIONS } from "../../../src/domain/filter/lists.ts";
import type { TaskDefinition } from "../../../src/domain/task.ts";
import { OPTIONS, someSession, taskIn } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { checkField, checkQueries, checkSorting, type Listed } from "./list-checks.ts";
import { pending } from "./steps.ts";

const optionsOf = ({ name, namespace, version, service }: Application) => ({
  ...OPTIONS,
  applicationName: name,
  applicationNamespace: namespace,
  applicationVersion: version,
  applicationService: service,
});

/** True for the applications of one test. */
const named = (name: string): Condition<ApplicationFields> => ({
  ...{ kind: "string", field: "name", operator: "startsWith", value: name },
});

const listOf = async ({ tasks }: TableStorage, name: string) =>
  (await tasks.applications({ filter: [[named(name)]], sort: [], page: 0, pageSize: 99 })).rows;

export function applications({ open }: TableStoragePromises): void {
  it("lists each application that tasks name once, whoever stored them", async () => {
    const [one, other] = [await open(), await open()];
    const name = randomUUID();
    const application: Application = { name, namespace: "", version: "1", service: "s" };
    const options = optionsOf(application);
    expect(await listOf(one, name)).toEqual([]);
    for (const tables of [one, one, other])
      await pending(tables, [taskIn(someSession(), { options })]);
    const both = [someSession(), someSession()].map((session) => taskIn(session, { options }));
    const next: Application = { ...application, version: "2" };
    await pending(other, [...both, taskIn(someSession(), { options: optionsOf(next) })]);
    expect(await listOf(one, name)).toEqual([application, next]);
    expect(await listOf(other, name)).toEqual([application, next]);
  });

  it("lists applications by each of their fields, sorted, and in pages", async () => {
    const tables = await open();
    const mark = randomUUID();
    const rows: Application[] = [];
    for (const name of [mark, `${mark} é`])
      for (const namespace of ["", "B"])
        for (const version of ["1.10", "1.9"])
          rows.push({ name, namespace, version, service: `${rows.length % 3}` });
    const session = someSession();
    const tasks: TaskDefinition[] = rows.map((row) => taskIn(session, { options: optionsOf(row) }));
    await pending(tables, tasks.toReversed());
    const listed: Listed<Application, ApplicationFields> = {
      list: APPLICATIONS,
      scope: named(mark),
      read: tables.tasks.applications,
      rows,
    };
    for (const field of Object.keys(APPLICATION_FIELDS) as (keyof typeof APPLICATION_FIELDS)[])
      await checkField(listed, field);
    await checkSorting(listed);
    await checkQueries(listed, 200);
  });
}
