import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { ObjectStorage, Origin } from "../../../src/adaptors/ports/objects.ts";
import { type ObjectId, retryId, sessionId, type TaskId, taskId } from "../../../src/domain/ids.ts";
import type { ObjectStoragePromises } from "../object-storage.ts";
import { blobsOf, chunked, KIB, ORIGIN, someBytes } from "./blobs.ts";

const SESSION = sessionId("session-é");
const someTask = (): TaskId => taskId(randomUUID());
const originOf = (task: TaskId, attempt: number): Origin => ({
  sessionId: SESSION,
  attempt: { taskId: task, attempt },
});

/** A small, an empty and a large blob, by either verb. */
async function storeAs(storage: ObjectStorage, origin: Origin): Promise<ObjectId[]> {
  const many = await storage.putMany(blobsOf([10, 0, 70 * KIB].map(someBytes), origin));
  const one = await storage.put(origin, chunked(someBytes(20)));
  const large = await storage.put(origin, chunked(someBytes(300 * KIB)));
  return [...many, one, large].map(({ objectId }) => objectId);
}

const countOf = async (storage: ObjectStorage, ids: readonly ObjectId[]): Promise<number> =>
  (await storage.getMany(ids, 2 ** 30)).filter((blob) => blob !== undefined).length;

/** What attempts stored is found again by whoever knows no more than their tasks. */
export function attempts({ open }: ObjectStoragePromises): void {
  it("drops what one attempt stored, or all but one, or all of a task's", async () => {
    const [storage, other] = [await open(), await open()];
    const [task, stranger] = [someTask(), someTask()];
    const origins = {
      first: originOf(task, 1),
      second: originOf(task, 2),
      tenth: originOf(task, 10),
      retry: originOf(retryId(task, 1), 1),
      stranger: originOf(stranger, 1),
      client: ORIGIN,
    };
    const stored = new Map<string, ObjectId[]>();
    for (const [name, origin] of Object.entries(origins))
      stored.set(name, await storeAs(storage, origin));
    const left = async () => {
      const counts = await Promise.all(
        [...stored].map(async ([name, ids]) => [name, await countOf(storage, ids)] as const),
      );
      for (const [name, count] of counts) expect([0, 5], name).toContain(count);
      return counts.flatMap(([name, count]) => (count > 0 ? [name] : []));
    };
    const of = { sessionId: SESSION, taskId: task };
    await other.dropAttempts([{ ...of, only: 3 }]);
    await other.dropAttempts([]);
    expect(await left()).toEqual(Object.keys(origins));
    await other.dropAttempts([{ ...of, only: 1 }]);
    expect(await left()).toEqual(["second", "tenth", "retry", "stranger", "client"]);
    await other.dropAttempts([{ ...of, except: 2 }]);
    await storage.dropAttempts([{ ...of, except: 2 }]);
    expect(await left()).toEqual(["second", "retry", "stranger", "client"]);
    await other.dropAttempts([
      { ...of, except: undefined },
      { sessionId: SESSION, taskId: stranger, except: undefined },
    ]);
    expect(await left()).toEqual(["retry", "client"]);
  });

  it("drops what an attempt stored that holds thousands of blobs", async () => {
    const storage = await open();
    const task = someTask();
    const stored = await storage.putMany(
      blobsOf(
        Array.from({ length: 1_300 }, (_, i) => someBytes(i % 50)),
        originOf(task, 1),
      ),
    );
    await storage.dropAttempts([{ sessionId: SESSION, taskId: task, only: 1 }]);
    expect(
      await countOf(
        storage,
        stored.map(({ objectId }) => objectId),
      ),
    ).toBe(0);
  });

  it("spares what other attempts store while it drops", async () => {
    const [storage, other] = [await open(), await open()];
    for (let round = 0; round < 10; round++) {
      const task = someTask();
      const lost = await storeAs(storage, originOf(task, 1));
      const drop = () => other.dropAttempts([{ sessionId: SESSION, taskId: task, except: 2 }]);
      const [kept] = await Promise.all([storeAs(storage, originOf(task, 2)), drop(), drop()]);
      expect([await countOf(storage, lost), await countOf(storage, kept)]).toEqual([0, 5]);
    }
  });
}
