import { randomUUID } from "node:crypto";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openObjectStorage } from "../../src/adaptors/object-storage.ts";
import { taskId } from "../../src/domain/ids.ts";
import {
  blobsOf,
  chunked,
  KIB,
  MIB,
  ORIGIN,
  putBytes,
  someBytes,
} from "../contracts/object-storage/blobs.ts";
import { objectStorageContract } from "../contracts/object-storage.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("embedded", () => {
  const path = temporaryFolder();
  const open = async (inlineBytes?: number) => {
    const storage = await openObjectStorage({ driver: "embedded", path: path(), inlineBytes });
    onTestFinished(() => storage[Symbol.asyncDispose]());
    return storage;
  };
  const filesIn = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);

  describe("by default", () => {
    objectStorageContract({ configure: () => ({ driver: "embedded", path: path() }) });
  });

  describe("with everything in files", () => {
    objectStorageContract({
      configure: () => ({ driver: "embedded", path: path(), inlineBytes: 0 }),
    });
  });

  it("keeps blobs up to the inline size in the database, larger ones as files", async () => {
    const storage = await open(100);
    const before = await filesIn(join(path(), "objects"));
    await putBytes(storage, someBytes(100));
    await storage.putMany(blobsOf([someBytes(100)]));
    expect(await filesIn(join(path(), "objects"))).toEqual(before);
    await putBytes(storage, someBytes(101));
    await storage.putMany(blobsOf([someBytes(101)]));
    expect(await filesIn(join(path(), "objects"))).toHaveLength(before.length + 2);
  });

  it("reads blobs of either kind whatever the inline size is now", async () => {
    const blobs = [someBytes(50), someBytes(500)];
    const ids = (await (await open(100)).putMany(blobsOf(blobs))).map((one) => one.objectId);
    for (const inlineBytes of [0, 10_000]) {
      const found = await (await open(inlineBytes)).getMany(ids, 10_000);
      expect(found.map((blob) => blob?.length)).toEqual([50, 500]);
    }
  });

  it("leaves no file behind of an upload that failed", async () => {
    const storage = await open();
    const before = await filesIn(join(path(), "objects"));
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield* chunked(someBytes(MIB));
      throw new Error("the client went away");
    };
    await expect(storage.put(ORIGIN, source())).rejects.toThrow("the client went away");

    const leaving = new AbortController();
    const aborted = async function* (): AsyncGenerator<Uint8Array> {
      yield* chunked(someBytes(MIB));
      leaving.abort();
      yield someBytes(10);
    };
    await expect(storage.put(ORIGIN, aborted(), leaving.signal)).rejects.toThrow("aborted");
    expect(await filesIn(join(path(), "objects"))).toEqual(before);
  });

  it("removes what dead writers left aside, but not what may be written now", async () => {
    const objects = join(path(), "objects");
    await open();
    const old = new Date(Date.now() - 2 * 3_600_000);
    for (const name of [".tmp-dead", ".tmp-alive", "stranger"])
      await writeFile(join(objects, name), "x");
    for (const name of [".tmp-dead", "stranger"]) await utimes(join(objects, name), old, old);
    await open();
    const left = await readdir(objects);
    expect(left).toEqual(expect.arrayContaining([".tmp-alive", "stranger"]));
    expect(left).not.toContain(".tmp-dead");
  });

  it("drops what an attempt was about to store when it died", async () => {
    const [storage, other] = [await open(), await open()];
    const { promise: stalled, resolve } = Promise.withResolvers<void>();
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield someBytes(700 * KIB);
      resolve();
      await new Promise(() => {});
    };
    const task = { sessionId: ORIGIN.sessionId, taskId: taskId(randomUUID()) };
    const origin = { ...ORIGIN, attempt: { ...task, attempt: 1 } };
    const before = await filesIn(join(path(), "objects"));
    const leaving = new AbortController();
    const upload = storage.put(origin, source(), leaving.signal).catch(() => "failed");
    await stalled;
    await other.dropAttempts([{ ...task, except: 1 }]);
    expect(await filesIn(join(path(), "objects"))).toHaveLength(before.length + 1);
    await other.dropAttempts([{ ...task, only: 1 }]);
    expect(await filesIn(join(path(), "objects"))).toEqual(before);
    leaving.abort();
    expect(await upload).toBe("failed");
  });

  it("ignores a blob whose file was written in part only", async () => {
    const storage = await open();
    const { promise: stalled, resolve } = Promise.withResolvers<void>();
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield someBytes(700 * KIB);
      resolve();
      await new Promise(() => {});
    };
    const leaving = new AbortController();
    const upload = storage.put(ORIGIN, source(), leaving.signal).catch(() => "aborted");
    await stalled;
    const partial = (await filesIn(join(path(), "objects"))).filter((name) =>
      name.startsWith(".tmp-f-"),
    );
    const ids = partial.map((name) => name.slice(".tmp-".length) as never);
    expect(ids).toHaveLength(1);
    expect(await storage.getMany(ids, 2 ** 30)).toEqual([undefined]);
    leaving.abort();
    expect(await upload).toBe("aborted");
  });
});
