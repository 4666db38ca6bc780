// The applications that tasks name, one row for each session with such tasks.
//
//   EA1. Written before the first such task, and not looked for again by the same process: no list of
//       applications goes through the tasks.
import { LRUCache } from "lru-cache";
import type { Application } from "../../../../domain/application.ts";
import { APPLICATIONS } from "../../../../domain/filter/lists.ts";
import { pageOf } from "../../../../domain/filter/page.ts";
import type { TaskDefinition } from "../../../../domain/task.ts";
import type { TaskTable } from "../../../ports/table/tasks.ts";
import type { Store } from "../store.ts";

const NOTE = `INSERT INTO applications (name, namespace, version, service, session_id)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

const KEY = "name, namespace, version, service";
const FIRST = `SELECT ${KEY} FROM applications ORDER BY ${KEY} LIMIT 1`;
/** Past all sessions of the same one. */
const NEXT = `SELECT ${KEY} FROM applications WHERE (${KEY}) > (?, ?, ?, ?) ORDER BY ${KEY} LIMIT 1`;

type Named = [name: string, namespace: string, version: string, service: string];

/** Which applications of which sessions are known to be in the table. */
export interface ApplicationNotes {
  /** Those of the tasks that are not known to be there yet. */
  missing(tasks: readonly TaskDefinition[]): ReadonlyMap<string, readonly string[]>;
  /** Writes them; to be called in a transaction. */
  write(missing: ReadonlyMap<string, readonly string[]>): void;
  /** They are on disk. */
  written(missing: ReadonlyMap<string, readonly string[]>): void;
}

export function createApplicationNotes(store: Store): ApplicationNotes {
  const known = new LRUCache<string, true>({ max: 10_000 });
  return {
    missing(tasks) {
      const missing = new Map<string, readonly string[]>();
      let last: TaskDefinition | undefined;
      for (const task of tasks) {
        const { options, sessionId } = task;
        // The tasks of a call mostly share their options.
        if (options === last?.options && sessionId === last.sessionId) continue;
        last = task;
        const row = [
          options.applicationName,
          options.applicationNamespace,
          options.applicationVersion,
          options.applicationService,
          sessionId,
        ];
        const key = JSON.stringify(row);
        if (!known.has(key)) missing.set(key, row);
      }
      return missing;
    },
    write(missing) {
      for (const row of missing.values()) store.sql(NOTE).run(...row);
    },
    written(missing) {
      for (const key of missing.keys()) known.set(key, true);
    },
  };
}

export const taskApplications = (store: Store): Pick<TaskTable, "applications"> => {
  const readAll = (): Application[] => {
    const all: Application[] = [];
    let row = store.tuples(FIRST).get() as unknown as Named | undefined;
    while (row) {
      const [name, namespace, version, service] = row;
      all.push({ name, namespace, version, service });
      row = store.tuples(NEXT).get(...row) as unknown as Named | undefined;
    }
    return all;
  };
  return {
    applications: (query) => store.read(() => pageOf(APPLICATIONS, readAll(), query)),
  };
};
