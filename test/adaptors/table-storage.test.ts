import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { openTableStorage } from "../../src/adaptors/table-storage.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { bySession } from "../contracts/table-storage/conditions.ts";
import { finished, pending } from "../contracts/table-storage/steps.ts";
import { tableStorageContract } from "../contracts/table-storage.ts";
import { resultsIn, someSession, tasksIn } from "../support/rows.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("embedded", () => {
  const path = temporaryFolder();
  const open = async () => {
    const tables = await openTableStorage({ driver: "embedded", path: path() });
    onTestFinished(() => tables[Symbol.asyncDispose]());
    return tables;
  };
  const openFile = () => {
    const database = new DatabaseSync(join(path(), "table.db"), { timeout: 10_000 });
    onTestFinished(() => database.close());
    return database;
  };

  tableStorageContract({ configure: () => ({ driver: "embedded", path: path() }) });

  it("tells a subscription whose next entries were swept, even if nothing follows", async () => {
    const tables = await open();
    const { signal } = new AbortController();
    const subscription = await tables.feed.open(someSession(), signal);
    // Written and swept at once: no reader can have seen it.
    openFile().exec(`BEGIN IMMEDIATE;
      INSERT INTO changes (session_id, written_at, body) VALUES ('any', 0, '[]');
      DELETE FROM changes; COMMIT`);
    await expect(Array.fromAsync(subscription)).rejects.toThrow("swept");
  });

  it("tells a subscription that reads too slowly, before memory runs out", async () => {
    const tables = await open();
    const session = someSession();
    const { signal } = new AbortController();
    const slow = await tables.feed.open(session, signal);
    const quick = await tables.feed.open(session, signal);
    const iterator = quick[Symbol.asyncIterator]();
    for (let written = 0; written <= 250_000; written += 10_000) {
      await tables.results.create(resultsIn(session, 10_000));
      await iterator.next();
    }
    await expect(Array.fromAsync(slow)).rejects.toThrow("behind");
    await iterator.return?.();
  }, 120_000);

  it("sweeps counts that came to nothing: who asks for open tasks need not read those of all time", async () => {
    const tables = await open();
    const [over, works] = [someSession(), someSession()];
    await finished(tables, tasksIn(over, 3));
    await pending(tables, tasksIn(works, 2));
    const zeros = () =>
      openFile()
        .prepare(`SELECT status FROM task_counts WHERE count = 0 AND status <> ?`)
        .all(TaskStatus.COMPLETED);
    expect(zeros()).not.toEqual([]);
    await tables.sweep({ olderThanMs: 0 });
    expect(zeros()).toEqual([]);
    const counted = await tables.tasks.countByStatus(bySession(works));
    expect(counted).toEqual([{ status: TaskStatus.PENDING, count: 2 }]);
  });

  it("writes nothing when pollers find nothing", async () => {
    const tables = await open();
    const session = someSession();
    await pending(tables, tasksIn(session, 3));
    for (const { sessionId, upTo } of await tables.batches.unannounced({}))
      await tables.batches.announced(sessionId, upTo);
    await tables.batches.unparkReady();
    await tables.sweep({ olderThanMs: 0 });
    const observer = openFile();
    const version = () => observer.prepare("PRAGMA data_version").get();
    const before = version();
    await tables.batches.unannounced({});
    await tables.batches.unparkReady();
    await tables.tasks.owners();
    await tables.sweep({ olderThanMs: 60_000 });
    expect(version()).toEqual(before);
  });
});
