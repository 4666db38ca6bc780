import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { ObjectStoragePromises } from "../object-storage.ts";
import { chunked, KIB, MIB, ORIGIN, putBytes, readBytes, SIZES, someBytes } from "./blobs.ts";

/** Far below the blob's 200 MB, far above what a collector leaves lying about. */
const MEMORY_BYTES = 100 * MIB;

/** Remembers how far memory has grown since it was made. */
function memoryMeter() {
  const now = () => {
    const { arrayBuffers, rss } = process.memoryUsage();
    return { arrayBuffers, rss };
  };
  const start = now();
  const growth = { arrayBuffers: 0, rss: 0 };
  return {
    growth,
    look(): void {
      const { arrayBuffers, rss } = now();
      growth.arrayBuffers = Math.max(growth.arrayBuffers, arrayBuffers - start.arrayBuffers);
      growth.rss = Math.max(growth.rss, rss - start.rss);
    },
  };
}

async function* from(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Bytes on their way in and out. */
export function streaming({ open }: ObjectStoragePromises): void {
  it("streams out in chunks of at most 256 KiB, none for an empty blob", async () => {
    const storage = await open();
    for (const size of SIZES) {
      const id = await putBytes(storage, someBytes(size));
      const lengths = (await Array.fromAsync(storage.get(id))).map(({ length }) => length);
      expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(256 * KIB);
      if (size === 0) expect(lengths).toEqual([]);
      else expect(lengths).not.toContain(0);
    }
  });

  it("takes no, one and many chunks, empty and huge ones among them", async () => {
    const storage = await open();
    const none = Buffer.alloc(0);
    const huge = someBytes(2 * MIB);
    const tiny = Array.from({ length: 3_000 }, (_, i) => Buffer.from([i]));
    for (const chunks of [
      [],
      [none],
      [none, none],
      [Buffer.from("one")],
      [none, Buffer.from("one"), none, Buffer.from("two"), none],
      [huge],
      [none, huge, none, huge, Buffer.from("end")],
      [...tiny, huge, ...tiny],
    ]) {
      const { objectId, size } = await storage.put(ORIGIN, from(...chunks));
      const whole = Buffer.concat(chunks);
      expect(size).toBe(whole.length);
      expect((await readBytes(storage, objectId)).equals(whole)).toBe(true);
    }
  });

  it("lets many read a blob at the same time", async () => {
    const storage = await open();
    const blob = someBytes(MIB);
    const id = await putBytes(storage, blob);
    const copies = await Promise.all(Array.from({ length: 10 }, () => readBytes(storage, id)));
    expect(copies.every((copy) => copy.equals(blob))).toBe(true);
  });

  it("lets a reader stop early", async () => {
    const storage = await open();
    const id = await putBytes(storage, someBytes(3 * MIB));
    for (let i = 0; i < 20; i++) {
      for await (const chunk of storage.get(id)) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    }
    await storage.delete([id]);
  });

  it("streams 200 MB in and out in constant memory", async () => {
    const storage = await open();
    const [sent, received] = [createHash("sha256"), createHash("sha256")];
    const meter = memoryMeter();
    // Each chunk is new: one that is sent again and again would hide who keeps them all.
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 2_000; i++) {
        const chunk = Buffer.alloc(100_000, i % 251);
        sent.update(chunk);
        meter.look();
        yield chunk;
      }
    };
    const { objectId, size } = await storage.put(ORIGIN, source());
    expect(size).toBe(200_000_000);
    for await (const chunk of storage.get(objectId)) {
      received.update(chunk);
      meter.look();
    }
    await storage.delete([objectId]);
    expect(received.digest("hex")).toBe(sent.digest("hex"));
    expect(meter.growth.arrayBuffers).toBeLessThan(MEMORY_BYTES);
    expect(meter.growth.rss).toBeLessThan(MEMORY_BYTES);
  });

  it("stores what a slow source sends, as it comes", async () => {
    const storage = await open();
    const blob = someBytes(150 * KIB);
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunked(blob, 50 * KIB)) {
        await new Promise(setImmediate);
        yield chunk;
      }
    };
    const { objectId } = await storage.put(ORIGIN, slow());
    expect((await readBytes(storage, objectId)).equals(blob)).toBe(true);
  });
}
