import { expect, it } from "vitest";
import type { ObjectStoragePromises } from "../object-storage.ts";
import { chunked, KIB, MIB, ORIGIN, putBytes, readBytes, someBytes } from "./blobs.ts";

/** Sends `bytes`, tells that it did, and then nothing more for ever. */
function stalledAfter(bytes: number) {
  const { promise: stalled, resolve } = Promise.withResolvers<void>();
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunked(someBytes(bytes));
    resolve();
    await new Promise(() => {});
  };
  return { stalled, source: source() };
}

/** Sends chunks for ever, and tells when it is asked to stop. */
function endless(chunkBytes: number) {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        await new Promise(setImmediate);
        yield someBytes(chunkBytes);
      }
    } finally {
      resolve();
    }
  };
  return { stopped, source: source() };
}

/** Transfers that end before their time. */
export function interruption({ open }: ObjectStoragePromises): void {
  it("rejects an upload with the error of its source", async () => {
    const storage = await open();
    for (const bytes of [0, 10, MIB]) {
      const broken = new Error("the client went away");
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield* chunked(someBytes(bytes));
        throw broken;
      };
      await expect(storage.put(ORIGIN, source())).rejects.toBe(broken);
    }
  });

  it("rejects an upload that is aborted while its source stalls", async () => {
    const storage = await open();
    for (const bytes of [0, 10, MIB]) {
      const reason = new Error("enough");
      const leaving = new AbortController();
      const { stalled, source } = stalledAfter(bytes);
      const upload = storage.put(ORIGIN, source, leaving.signal);
      const rejected = expect(upload).rejects.toBe(reason);
      await stalled;
      leaving.abort(reason);
      await rejected;
    }
  });

  it("stops the source of an upload that is aborted", async () => {
    const storage = await open();
    const reason = new Error("enough");
    const leaving = new AbortController();
    const { stopped, source } = endless(10 * KIB);
    const upload = storage.put(ORIGIN, source, leaving.signal);
    const rejected = expect(upload).rejects.toBe(reason);
    setImmediate(() => leaving.abort(reason));
    await rejected;
    await stopped;
  });

  it("asks nothing of the source when the signal has aborted before", async () => {
    const storage = await open();
    const reason = new Error("too late");
    let asked = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      asked = true;
      yield someBytes(10);
    };
    await expect(storage.put(ORIGIN, source(), AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(asked).toBe(false);
  });

  it("ends a download that is aborted, before or amid its chunks", async () => {
    const storage = await open();
    const reason = new Error("enough");
    for (const bytes of [600 * KIB, 3 * MIB]) {
      const id = await putBytes(storage, someBytes(bytes));
      const early = storage.get(id, AbortSignal.abort(reason))[Symbol.asyncIterator]();
      await expect(early.next()).rejects.toBe(reason);

      const leaving = new AbortController();
      const reader = storage.get(id, leaving.signal)[Symbol.asyncIterator]();
      expect((await reader.next()).done).toBe(false);
      leaving.abort(reason);
      await expect(reader.next()).rejects.toBe(reason);
    }
  });

  it("refuses stalled transfers when it is disposed", async () => {
    const storage = await open();
    const id = await putBytes(storage, someBytes(3 * MIB));
    const reader = storage.get(id)[Symbol.asyncIterator]();
    await reader.next();
    const sources = [0, 10, MIB].map(stalledAfter);
    const uploads = Promise.allSettled(sources.map(({ source }) => storage.put(ORIGIN, source)));
    await Promise.all(sources.map(({ stalled }) => stalled));
    await storage[Symbol.asyncDispose]();
    for (const outcome of await uploads) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ADAPTOR_CLOSED" } });
    }
    await expect(reader.next()).rejects.toMatchObject({ code: "ADAPTOR_CLOSED" });
  });

  it("completes or refuses what is in flight when it is disposed", async () => {
    const [leaving, other] = [await open(), await open()];
    const blobs = Array.from({ length: 40 }, (_, i) => someBytes(i % 2 ? 80 * KIB : 50));
    const uploads = Promise.allSettled(blobs.map((blob) => putBytes(leaving, blob)));
    await leaving[Symbol.asyncDispose]();
    for (const [i, outcome] of (await uploads).entries()) {
      if (outcome.status === "rejected") {
        expect(outcome.reason).toMatchObject({ code: "ADAPTOR_CLOSED" });
      } else {
        expect(blobs[i]?.equals(await readBytes(other, outcome.value))).toBe(true);
      }
    }
  });
}
