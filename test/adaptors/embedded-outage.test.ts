// What no contract suite can do to a backend: take its disk, its lock and its folder away.
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ObjectStorage, openObjectStorage } from "../../src/adaptors/object-storage.ts";
import { openQueue, type QueueStorage } from "../../src/adaptors/queue.ts";
import { openTableStorage, type TableStorage } from "../../src/adaptors/table-storage.ts";
import { partitionId } from "../../src/domain/ids.ts";
import { blobsOf, ORIGIN } from "../contracts/object-storage/blobs.ts";
import { limitFileSize } from "../support/file-size-limit.ts";
import { resultIn, resultsIn, sessionRow, someSession, someTask } from "../support/rows.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = temporaryFolder();
const LARGE = new Uint8Array(300_000).fill(7);
const PARTITION = partitionId("p");

let tables: TableStorage;
let objects: ObjectStorage;
let queue: QueueStorage;
const path = () => join(root(), "data");

beforeEach(async () => {
  const options = { driver: "embedded", path: path() } as const;
  tables = await openTableStorage(options);
  objects = await openObjectStorage(options);
  queue = await openQueue(options);
});
afterEach(async () => {
  await queue[Symbol.asyncDispose]();
  await objects[Symbol.asyncDispose]();
  await tables[Symbol.asyncDispose]();
});

const away = (reason: RegExp) => ({
  code: "DEPENDENCY_UNAVAILABLE",
  message: expect.stringMatching(reason),
});
const put = () =>
  objects.put(
    ORIGIN,
    (async function* () {
      yield LARGE;
    })(),
  );
const read = async (id: Parameters<ObjectStorage["get"]>[0]) =>
  Buffer.concat(await Array.fromAsync(objects.get(id)));
const message = () => ({
  ...{ sessionId: someSession(), taskId: someTask(), partitionId: PARTITION, priority: 1 },
});

it("says that it is away while another process holds the lock, and is back with the lock", async () => {
  const locks = ["table.db", "objects.db", "queue.db"].map((name) => {
    const db = new DatabaseSync(join(path(), name), { timeout: 10_000 });
    db.exec("BEGIN EXCLUSIVE");
    return db;
  });
  const session = sessionRow();
  const writes = [
    [tables.sessions.create(session), /table\.db: database is locked/],
    // Who judges others by their silence is told, as they would be.
    [tables.probe(), /table\.db: database is locked/],
    [objects.putMany(blobsOf([LARGE.slice(0, 10)])), /objects\.db: database is locked/],
    [queue.publish([message()]), /queue\.db: database is locked/],
  ] as const;
  await Promise.all(writes.map(([write, why]) => expect(write).rejects.toMatchObject(away(why))));
  // Reads do not need the lock.
  expect(await tables.sessions.get(session.sessionId)).toBeUndefined();
  for (const db of locks) {
    db.exec("ROLLBACK");
    db.close();
  }
  await tables.sessions.create(session);
  expect(await tables.sessions.get(session.sessionId)).toBeDefined();
}, 120_000);

it("says that it is away while the disk takes no more, and loses nothing that was there", async () => {
  const session = sessionRow();
  await tables.sessions.create(session);
  const { objectId } = await put();
  const [small, large] = [resultIn(session.sessionId), resultsIn(session.sessionId, 5_000)];
  {
    using _full = limitFileSize(100_000);
    // Of one transaction: neither is stored without the other having failed by itself.
    const together = [tables.results.create([small]), tables.results.create(large)];
    for (const write of together) await expect(write).rejects.toMatchObject(away(/table\.db/));
    await expect(put()).rejects.toMatchObject(away(/objects: EFBIG/));
    await expect(
      objects.putMany(blobsOf(Array.from({ length: 5 }, () => LARGE.slice(0, 60_000)))),
    ).rejects.toMatchObject(away(/objects\.db/));
    expect(await tables.sessions.get(session.sessionId)).toEqual(session);
    expect((await read(objectId)).length).toBe(LARGE.length);
  }
  const ids = [small, ...large].map((row) => row.resultId);
  expect(await tables.results.get(ids)).toEqual([]);
  await tables.results.create([small, ...large]);
  expect(await tables.results.get(ids)).toHaveLength(ids.length);
  expect((await read((await put()).objectId)).length).toBe(LARGE.length);
});

it("takes a folder that is away for an outage, not for objects that are gone", async () => {
  const session = sessionRow();
  await tables.sessions.create(session);
  const { objectId } = await put();
  const aside = join(root(), "aside");
  renameSync(path(), aside);
  // Each looks for itself now and then.
  for (const store of [tables, queue]) {
    const ping = () =>
      store.ping().then(
        () => "there",
        (e) => e.code,
      );
    await expect.poll(ping).toBe("DEPENDENCY_UNAVAILABLE");
  }
  await expect(tables.sessions.create(sessionRow())).rejects.toMatchObject(
    away(/moved or removed/),
  );
  await expect(tables.sessions.get(session.sessionId)).rejects.toMatchObject(away(/moved/));
  await expect(queue.publish([message()])).rejects.toMatchObject({
    code: "DEPENDENCY_UNAVAILABLE",
  });
  await expect(put()).rejects.toMatchObject(away(/ENOENT/));
  await expect(read(objectId)).rejects.toMatchObject(away(/ENOENT/));
  await expect(objects.getMany([objectId], 2 ** 20)).rejects.toMatchObject(away(/ENOENT/));
  await expect(objects.ping()).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
  renameSync(aside, path());
  await tables.sessions.create(sessionRow());
  expect((await read(objectId)).length).toBe(LARGE.length);
  await objects.delete([objectId]);
  await expect(read(objectId)).rejects.toMatchObject({ code: "RESULT_DATA_NOT_FOUND" });
});

it("confirms nothing that goes to a file which was removed", async () => {
  for (const name of ["table.db", "table.db-wal", "table.db-shm"]) rmSync(join(path(), name));
  const write = () =>
    tables.results.create([resultIn(someSession())]).then(
      () => "ok",
      (e) => e.code,
    );
  await expect.poll(write).toBe("DEPENDENCY_UNAVAILABLE");
  expect(await write()).toBe("DEPENDENCY_UNAVAILABLE");
});
