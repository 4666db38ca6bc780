import { expect, it } from "vitest";
import type { ObjectStorage } from "../../../src/adaptors/ports/objects.ts";
import type { ObjectStoragePromises } from "../object-storage.ts";
import { blobsOf, chunked, KIB, ORIGIN, putBytes, readBytes, someBytes } from "./blobs.ts";

/** Health, and the end of a connection. */
export function operation({ open }: ObjectStoragePromises): void {
  it("answers a ping", async () => {
    const storage = await open();
    await storage.ping();
  });

  it("keeps blobs when it is closed and opened again", async () => {
    const first = await open();
    const blobs = [10, 80 * KIB].map(someBytes);
    const ids = (await first.putMany(blobsOf(blobs))).map((one) => one.objectId);
    await first[Symbol.asyncDispose]();
    const found = await (await open()).getMany(ids, 2 ** 30);
    expect(found.map((blob, i) => blob && blobs[i]?.equals(blob))).toEqual([true, true]);
  });

  it("refuses its use after disposal, and is disposed twice without complaint", async () => {
    const storage = await open();
    const ids = await Promise.all([10, 80 * KIB].map((size) => putBytes(storage, someBytes(size))));
    await storage[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
    const uses: ((storage: ObjectStorage) => Promise<unknown>)[] = [
      (closed) => closed.put(ORIGIN, chunked(someBytes(10))),
      (closed) => closed.put(ORIGIN, chunked(someBytes(80 * KIB))),
      (closed) => closed.putMany(blobsOf([someBytes(10)])),
      (closed) => closed.getMany(ids, 100),
      (closed) => closed.stat(ids),
      (closed) => closed.delete(ids),
      (closed) => Array.fromAsync(closed.dropSession(ORIGIN.sessionId)),
      (closed) => closed.dropAttempts([]),
      (closed) => closed.ping(),
      ...ids.map((id) => (closed: ObjectStorage) => readBytes(closed, id)),
    ];
    for (const use of uses) {
      await expect(use(storage)).rejects.toMatchObject({ code: "ADAPTOR_CLOSED" });
    }
  });
}
