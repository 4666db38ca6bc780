// What an outage of an embedded store looks like to those who use it: another connection holds the
// write lock.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export type DatabaseName = "table" | "queue" | "objects";

/** Takes the write lock of one of the stores' files, and holds it until disposal. */
export function holdLock(folder: string, name: DatabaseName): Disposable {
  const db = new DatabaseSync(join(folder, "data", `${name}.db`), { timeout: 10_000 });
  db.exec("BEGIN IMMEDIATE");
  return {
    [Symbol.dispose]() {
      if (!db.isOpen) return;
      db.exec("ROLLBACK");
      db.close();
    },
  };
}
