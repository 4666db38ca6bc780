import { join } from "node:path";
import type { StatementSync } from "node:sqlite";
import { openDatabase } from "../database/database.ts";
import type { Folder } from "../folder.ts";
import type { Notifier } from "../notifier.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { LATEST_TIME, SCHEMA } from "./schema.ts";

/** The database of the tables with what every write of them must do: keep counts, feed and notifiers. */
export interface Store extends AsyncDisposable {
  sql(text: string): StatementSync;
  /** The same for a statement that answers rows as arrays: they cost half of what objects do. */
  tuples(text: string): StatementSync;
  /** Prepares a statement whose text depends on the request, and does not keep it. */
  prepare(text: string): StatementSync;
  read<T>(work: () => T): Promise<T>;
  write<T>(work: (ledger: Ledger) => T): Promise<T>;
  /** Milliseconds by the clock of the store. */
  now(): number;
  /** Calls back soon after any process has notified; answers how to stop. */
  listen(notifier: NotifierName, listener: () => void): () => void;
  /** Tells all processes, this one included; changes and progress are told by each write. */
  notify(notifier: NotifierName): void;
}

/** What processes tell each other: changes of tasks and results, progress of batches, checks of agents. */
const NOTIFIERS = ["changes", "progress", "checksRequested", "checksDone"] as const;
type NotifierName = (typeof NOTIFIERS)[number];

/** Runs a verb inside its transaction, and posts what it owes. */
export type RunVerb = <T>(work: (ledger: Ledger) => T, ledger: Ledger) => T;

const runWhole: RunVerb = (work, ledger) => {
  const value = work(ledger);
  ledger.post();
  return value;
};

/** @param run given by tests, in whose stores a verb dies between two of its documents. */
export function openStore(folder: Folder, run = runWhole): Store {
  const database = openDatabase({
    file: join(folder.path, "table.db"),
    schema: SCHEMA,
    latestTime: LATEST_TIME,
    durability: "FULL",
  });
  const notifiers = Object.fromEntries(
    NOTIFIERS.map((name) => [name, folder.notifier(name)]),
  ) as Record<NotifierName, Notifier>;
  const tuples = new Map<string, StatementSync>();

  const notify = (ledger: Ledger): void => {
    if (ledger.notices.changes) notifiers.changes.notify();
    if (ledger.notices.progress) notifiers.progress.notify();
  };

  return {
    sql: database.sql,
    tuples(text) {
      let statement = tuples.get(text);
      if (!statement) {
        statement = database.prepare(text);
        statement.setReturnArrays(true);
        tuples.set(text, statement);
      }
      return statement;
    },
    prepare: database.prepare,
    read: database.read,
    now: database.now,
    async write(work) {
      const ledger = createLedger(database);
      const value = await database.write(() => run(work, ledger));
      notify(ledger);
      return value;
    },
    listen: (notifier, listener) => notifiers[notifier].listen(listener),
    notify: (notifier) => notifiers[notifier].notify(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
