/**
 * Embedded tables whose verbs die between any two of the documents that they write.
 *
 * Each document is a write of its own here: what a verb wrote before it died stays, the rest never
 * happens. Triggers tell the documents apart, so that a statement that writes many is cut in its
 * middle, too. A change is part of its document's write (F4); counts are documents of their own.
 */
import { openFolder } from "../../src/adaptors/embedded/folder.ts";
import { tablesOf } from "../../src/adaptors/embedded/table/open.ts";
import { openStore, type RunVerb, type Store } from "../../src/adaptors/embedded/table/store.ts";
import type { DyingTables } from "../contracts/table-storage/cuts/dying.ts";

const DEAD = Symbol("dead");
class Death extends Error {}

const isCut = (error: unknown): boolean => error instanceof Error && error.message === "cut";

/** Runs a verb as far as it comes; what it wrote is committed. */
const runUntilCut: RunVerb = (work, ledger) => {
  const telling = {
    ...ledger,
    moved(...args: Parameters<typeof ledger.moved>) {
      ledger.moved(...args);
      ledger.postChanges();
    },
    changed(...args: Parameters<typeof ledger.changed>) {
      ledger.changed(...args);
      ledger.postChanges();
    },
  };
  try {
    const value = work(telling);
    ledger.post();
    return value;
  } catch (error) {
    if (!isCut(error)) throw error;
    return DEAD as never;
  }
};

const TABLES = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
  AND name <> 'changes'`;

const cutBefore = (table: string, write: string): string => `
  CREATE TEMP TRIGGER cut_${write}_${table} BEFORE ${write} ON main.${table} BEGIN
    SELECT RAISE(FAIL, 'cut') FROM documents WHERE n <= 0;
    UPDATE documents SET n = n - 1;
  END`;

const NEVER = 1_000_000_000;

/** Answers how to set how many documents may be written, and how to ask what is left of them. */
function placeCuts({ prepare }: Store) {
  prepare("PRAGMA temp_store = MEMORY").run();
  prepare("CREATE TEMP TABLE documents (n INTEGER)").run();
  prepare("INSERT INTO documents VALUES (?)").run(NEVER);
  for (const { name } of prepare(TABLES).all() as { name: string }[])
    for (const write of ["INSERT", "UPDATE", "DELETE"]) prepare(cutBefore(name, write)).run();
  prepare(cutBefore("changes", "DELETE")).run();
  const allow = prepare("UPDATE documents SET n = ?");
  const left = prepare("SELECT n FROM documents");
  return {
    allow: (documents: number) => void allow.run(documents),
    left: () => (left.get() as { n: number }).n,
  };
}

export function openDyingTables(path: string): DyingTables {
  const whole = openStore(openFolder(path), runUntilCut);
  const cuts = placeCuts(whole);
  const store: Store = {
    ...whole,
    async write(work) {
      const value = await whole.write(work);
      if ((value as unknown) === DEAD) throw new Death("died between two documents");
      return value;
    },
  };
  return {
    tables: tablesOf(store),
    async cut(after, verb) {
      const most = Math.min(after, NEVER);
      cuts.allow(most);
      try {
        const answer = await verb();
        return { died: false, answer, documents: most - cuts.left() };
      } catch (error) {
        if (!(error instanceof Death)) throw error;
        return { died: true };
      } finally {
        cuts.allow(NEVER);
      }
    },
  };
}
