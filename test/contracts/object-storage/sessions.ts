import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { ObjectStorage, Origin } from "../../../src/adaptors/ports/objects.ts";
import { type ObjectId, type SessionId, sessionId, taskId } from "../../../src/domain/ids.ts";
import type { ObjectStoragePromises } from "../object-storage.ts";
import { blobsOf, chunked, KIB, someBytes } from "./blobs.ts";

const someSession = (): SessionId => sessionId(`sessiön ${randomUUID()}`);

/** Small and large blobs of a session, of clients and of attempts, by either verb. */
async function fill(storage: ObjectStorage, session: SessionId): Promise<ObjectId[]> {
  const attempt = { taskId: taskId(randomUUID()), attempt: 1 };
  const ids: ObjectId[] = [];
  for (const origin of [{ sessionId: session }, { sessionId: session, attempt }] as Origin[]) {
    const blobs = [0, 10, 70 * KIB].map(someBytes);
    const stored = await storage.putMany(blobsOf(blobs, origin));
    stored.push(await storage.put(origin, chunked(someBytes(20))));
    stored.push(await storage.put(origin, chunked(someBytes(300 * KIB))));
    ids.push(...stored.map(({ objectId }) => objectId));
  }
  return ids;
}

const countOf = async (storage: ObjectStorage, ids: readonly ObjectId[]): Promise<number> =>
  (await storage.stat(ids)).filter((size) => size !== undefined).length;

const drop = async (storage: ObjectStorage, session: SessionId): Promise<number> =>
  (await Array.fromAsync(storage.dropSession(session))).reduce((sum, count) => sum + count, 0);

/** All that is stored for a session goes by the session's id alone. */
export function sessions({ open }: ObjectStoragePromises): void {
  it("drops a session, whoever stored it, and no other one", async () => {
    const [storage, other] = [await open(), await open()];
    const session = someSession();
    const longer = sessionId(`${session}-2`);
    const [gone, kept] = [await fill(storage, session), await fill(storage, longer)];
    expect(await drop(other, someSession())).toBe(0);
    expect([await countOf(storage, gone), await countOf(storage, kept)]).toEqual([10, 10]);
    expect(await drop(other, session)).toBe(gone.length);
    expect([await countOf(storage, gone), await countOf(storage, kept)]).toEqual([0, 10]);
    expect(await storage.getMany(gone, 2 ** 30)).toEqual(gone.map(() => undefined));
    expect(await drop(storage, session)).toBe(0);
  });

  it("drops a session chunk by chunk, as far as somebody wants to, and the rest later", async () => {
    const storage = await open();
    const session = someSession();
    const blobs = Array.from({ length: 2_100 }, (_, i) => someBytes(i % 400 === 0 ? 70 * KIB : 9));
    const stored = await storage.putMany(blobsOf(blobs, { sessionId: session }));
    const ids = stored.map(({ objectId }) => objectId);
    let dropped = 0;
    for await (const count of storage.dropSession(session)) {
      dropped += count;
      expect(await countOf(storage, ids)).toBe(ids.length - dropped);
      break;
    }
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(ids.length);
    expect(await drop(storage, session)).toBe(ids.length - dropped);
    expect(await countOf(storage, ids)).toBe(0);
  });

  it("drops a session while others are filled, which stay whole", async () => {
    const [storage, other] = [await open(), await open()];
    for (let round = 0; round < 5; round++) {
      const session = someSession();
      const gone = await fill(storage, session);
      const filling = fill(storage, someSession());
      await Promise.all([drop(other, session), drop(storage, session)]);
      expect([await countOf(storage, gone), await countOf(storage, await filling)]).toEqual([
        0, 10,
      ]);
    }
  });
}
