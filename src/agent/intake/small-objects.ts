import { LRUCache } from "lru-cache";
import type { ObjectId } from "../../domain/ids.ts";
import type { AgentContext } from "../context.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";

/** Objects up to this size are read many at a time. */
export const SMALL_BYTES = 64 * 1024;
const CACHE_BYTES = 32 * 2 ** 20;
/** What an entry costs besides its bytes. */
const ENTRY_BYTES = 100;

/** Reads small objects; those that do not exist are left out. */
export type ReadSmall = (ids: Iterable<ObjectId>) => Promise<ReadonlyMap<ObjectId, Uint8Array>>;

/** Keeps what was read for a while: tasks share inputs, and objects never change. */
export function createSmallObjects({ stores, log, ending }: AgentContext): ReadSmall {
  const cache = new LRUCache<ObjectId, Uint8Array>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ length }) => length + ENTRY_BYTES,
  });
  return async (wanted) => {
    const found = new Map<ObjectId, Uint8Array>();
    const absent: ObjectId[] = [];
    for (const id of new Set(wanted)) {
      const known = cache.get(id);
      if (known) found.set(id, known);
      else absent.push(id);
    }
    if (absent.length === 0) return found;
    const blobs = await retryUntilAvailable({ log, signal: ending }, "read inputs", () =>
      stores.objects.getMany(absent, SMALL_BYTES),
    );
    for (const [i, id] of absent.entries()) {
      const blob = blobs[i];
      if (!blob) continue;
      found.set(id, blob);
      cache.set(id, blob);
    }
    return found;
  };
}
