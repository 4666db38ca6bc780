/** Makes the shown counts of embedded tables wrong, as a lost write would in another store. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SessionId } from "../../src/domain/ids.ts";

/** Runs statements whose first parameter is the session, as another process. */
export function drift(path: string, session: SessionId, ...statements: readonly string[]): void {
  const database = new DatabaseSync(join(path, "table.db"), { timeout: 10_000 });
  try {
    for (const sql of statements) database.prepare(sql).run(session);
  } finally {
    database.close();
  }
}
