import { expect, it } from "vitest";
import { type ObjectId, objectId } from "../../../src/domain/ids.ts";
import type { ObjectStoragePromises } from "../object-storage.ts";
import {
  blobsOf,
  chunked,
  KIB,
  ORIGIN,
  putBytes,
  readBytes,
  SIZES,
  STRANGE_IDS,
  someBytes,
} from "./blobs.ts";

/** Blobs and their ids. */
export function storing({ open }: ObjectStoragePromises): void {
  it("gives back the bytes of any size, to other connections, too", async () => {
    const [storage, other] = [await open(), await open()];
    for (const size of SIZES) {
      const blob = someBytes(size);
      const stored = await storage.put(ORIGIN, chunked(blob));
      expect(stored.size).toBe(size);
      expect((await readBytes(other, stored.objectId)).equals(blob)).toBe(true);
    }
  });

  it("stores no, one and many blobs in one go, in order", async () => {
    const storage = await open();
    expect(await storage.putMany(blobsOf([]))).toEqual([]);
    for (const sizes of [[5], SIZES, Array.from({ length: 1_200 }, (_, i) => i)]) {
      const blobs = sizes.map(someBytes);
      const stored = await storage.putMany(blobsOf(blobs));
      expect(stored.map(({ size }) => size)).toEqual(sizes);
      expect(new Set(stored.map((one) => one.objectId)).size).toBe(sizes.length);
      const ids = stored.map((one) => one.objectId);
      const found = await storage.getMany(ids, 2 ** 30);
      expect(found.map((blob, i) => blob && blobs[i]?.equals(blob))).toEqual(blobs.map(() => true));
    }
  });

  it("reads no, one and many blobs in one go, but no larger ones than asked for", async () => {
    const storage = await open();
    const [empty, small, edge, large] = [0, 10, 100, 70 * KIB].map(someBytes) as Buffer[];
    const stored = await storage.putMany(blobsOf([empty, small, edge, large] as Buffer[]));
    const [emptyId, smallId, edgeId, largeId] = stored.map((one) => one.objectId);
    const lengths = async (maxBytes: number, ...ids: (string | undefined)[]) =>
      (
        await storage.getMany(
          ids.map((id) => objectId(id ?? "")),
          maxBytes,
        )
      ).map((b) => b?.length);

    expect(await lengths(100)).toEqual([]);
    expect(await lengths(100, edgeId)).toEqual([100]);
    expect(await lengths(99, edgeId)).toEqual([undefined]);
    expect(await lengths(100, largeId, smallId, "unknown", edgeId, emptyId, smallId)).toEqual([
      undefined,
      10,
      undefined,
      100,
      0,
      10,
    ]);
    expect(await lengths(70 * KIB, largeId, smallId, largeId)).toEqual([70 * KIB, 10, 70 * KIB]);
    expect(await lengths(0, emptyId, smallId)).toEqual([0, undefined]);
  });

  it("tells the sizes of no, one and many blobs in one go, and of no unknown one", async () => {
    const storage = await open();
    const sizes = [...SIZES, ...Array.from({ length: 1_200 }, (_, i) => i)];
    const stored = await storage.putMany(blobsOf(sizes.map(someBytes)));
    const ids = stored.map((one) => one.objectId);
    expect(await storage.stat([])).toEqual([]);
    expect(await storage.stat(ids.slice(3, 4))).toEqual([64 * KIB]);
    const [first, second] = ids as [ObjectId, ObjectId];
    await storage.delete([second]);
    const asked = [objectId("unknown"), second, ...ids.toReversed(), first];
    const known = sizes.map((size, i) => (i === 1 ? undefined : size));
    expect(await storage.stat(asked)).toEqual([undefined, undefined, ...known.toReversed(), 0]);
  });

  it("names equal blobs differently", async () => {
    const storage = await open();
    for (const size of [10, 70 * KIB]) {
      const blob = someBytes(size);
      const [first, second] = [await putBytes(storage, blob), await putBytes(storage, blob)];
      expect(first).not.toBe(second);
      await storage.delete([first]);
      expect((await readBytes(storage, second)).equals(blob)).toBe(true);
    }
  });

  it("knows no blob by a strange id, and does no harm with one", async () => {
    const storage = await open();
    const kept = await Promise.all(
      [10, 70 * KIB].map((size) => putBytes(storage, someBytes(size))),
    );
    for (const id of STRANGE_IDS) {
      await expect(storage.get(id)[Symbol.asyncIterator]().next(), id).rejects.toMatchObject({
        code: "RESULT_DATA_NOT_FOUND",
      });
    }
    expect(await storage.getMany(STRANGE_IDS, 2 ** 30)).toEqual(STRANGE_IDS.map(() => undefined));
    expect(await storage.stat(STRANGE_IDS)).toEqual(STRANGE_IDS.map(() => undefined));
    await storage.delete(STRANGE_IDS);
    expect((await storage.getMany(kept, 2 ** 30)).map((blob) => blob?.length)).toEqual([
      10,
      70 * KIB,
    ]);
  });

  it("deletes, and deletes again without complaint", async () => {
    const [storage, other] = [await open(), await open()];
    const ids = await Promise.all(SIZES.map((size) => putBytes(storage, someBytes(size))));
    const kept = await putBytes(storage, Buffer.from("kept"));
    await storage.delete([]);
    await storage.delete(ids);
    await other.delete(ids);
    expect(await other.getMany(ids, 2 ** 30)).toEqual(ids.map(() => undefined));
    for (const id of ids) {
      await expect(readBytes(storage, id)).rejects.toMatchObject({ code: "RESULT_DATA_NOT_FOUND" });
    }
    expect((await readBytes(other, kept)).toString()).toBe("kept");
  });

  it("never gives the id of a deleted blob to another", async () => {
    const storage = await open();
    const gone = await putBytes(storage, someBytes(10));
    await storage.delete([gone]);
    const ids = (await storage.putMany(blobsOf([10, 10, 10].map(someBytes)))).map(
      (one) => one.objectId,
    );
    expect(ids).not.toContain(gone);
    expect(await storage.getMany([gone], 100)).toEqual([undefined]);
  });

  it("keeps the blobs of concurrent writers apart", async () => {
    const writers = await Promise.all([open(), open(), open()]);
    const blobs = Array.from({ length: 120 }, (_, i) => someBytes(i % 10 === 0 ? 90 * KIB : i));
    const ids = await Promise.all(
      blobs.map((blob, i) => putBytes(writers[i % 3] as (typeof writers)[0], blob)),
    );
    expect(new Set(ids).size).toBe(blobs.length);
    const reader = await open();
    const found = await reader.getMany(ids, 2 ** 30);
    expect(found.map((blob, i) => blob && blobs[i]?.equals(blob))).toEqual(blobs.map(() => true));
  });
}
