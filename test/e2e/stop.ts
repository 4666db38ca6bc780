import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { vi } from "vitest";

/**
 * SIGSTOP where it hurts nobody else.
 *
 * A process that is stopped in the middle of a write keeps SQLite's lock, and with it everyone
 * else, until it goes on: that is embedded storage's limit (docs/adr/0006), not the lease's.
 */
export async function stopOutsideOfWrites(data: string, victim: number): Promise<void> {
  await vi.waitFor(() => {
    process.kill(victim, "SIGSTOP");
    try {
      for (const name of ["table", "queue", "objects"]) {
        const db = new DatabaseSync(join(data, `${name}.db`), { timeout: 500 });
        db.exec("BEGIN IMMEDIATE; ROLLBACK");
        db.close();
      }
    } catch (error) {
      process.kill(victim, "SIGCONT");
      throw error;
    }
  }, 20_000);
}
