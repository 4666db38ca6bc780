import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Empties the embedded queue in the folder, as an accident would: nobody is told. */
export function purgeQueue(path: string): void {
  using db = new DatabaseSync(join(path, "queue.db"), { timeout: 30_000 });
  db.exec("DELETE FROM messages");
}
