import type { ObjectStorage, Origin, StoredObject } from "../../adaptors/object-storage.ts";

/** What is larger gains nothing from being stored in one go with others. */
const SMALL_BYTES = 256 * 1_024;

async function* only(blob: Uint8Array): AsyncIterable<Uint8Array> {
  yield blob;
}

/** Stores blobs that came in one message, and so fit in memory together; answers in order. */
export async function storeAll(
  objects: ObjectStorage,
  origin: Origin,
  blobs: readonly Uint8Array[],
): Promise<StoredObject[]> {
  const small = blobs.filter(({ length }) => length <= SMALL_BYTES);
  const stored = await objects.putMany(small.map((data) => ({ origin, data })));
  if (small.length === blobs.length) return stored;
  const rest = stored.values();
  const all: StoredObject[] = [];
  for (const blob of blobs) {
    const object =
      blob.length <= SMALL_BYTES ? rest.next().value : await objects.put(origin, only(blob));
    if (object) all.push(object);
  }
  return all;
}
