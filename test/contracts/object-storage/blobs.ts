import { randomBytes } from "node:crypto";
import type { NewBlob, ObjectStorage, Origin } from "../../../src/adaptors/ports/objects.ts";
import { type ObjectId, objectId, sessionId } from "../../../src/domain/ids.ts";

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Around the borders that drivers and the port draw: inline, chunk, document. */
export const SIZES = [0, 1, 1_000, 64 * KIB, 64 * KIB + 1, 256 * KIB, 256 * KIB + 1, 3 * MIB + 7];

/** Forms that a hostile or confused caller may send; none names a blob. */
export const STRANGE_IDS = [
  "",
  "unknown",
  "../../../../etc/passwd",
  "f-../../../../etc/passwd",
  "f-00/../../objects.db",
  "f-00abcdef/../../../objects.db",
  "f-00abcdef/../../../../../../../../etc/passwd",
  "f-00000000-0000-4000-8000-000000000000",
  "f-00000000-0000-4000-8000-000000000000-00000000000000000000000000000000",
  "f-00000000-0000-4000-8000-000000000000\n",
  "f-00000000000000000000000000000000-1-00000000-0000-4000-8000-000000000000",
  "f-00000000000000000000000000000000-1/../../00000000-0000-4000-8000-000000000000",
  "s-1-AAAAAAAAAAAAAAAAAAAAAA",
  "s-1-00000000-0000-7000-8000-000000000000@1/AAAAAAAA",
  "s-1-' OR 1=1 --AAAAAAAAAAA",
  "s-999999999999999-AAAAAAAAAAAAAAAAAAAAAA",
  "000000000000000000000000",
  "$where",
  "nul\0byte",
  "ünï/cödé",
  "x".repeat(5_000),
].map(objectId);

/** A client's. */
export const ORIGIN: Origin = { sessionId: sessionId("session-é") };

export const blobsOf = (data: readonly Uint8Array[], origin = ORIGIN): NewBlob[] =>
  data.map((one) => ({ origin, data: one }));

export const someBytes = (size: number): Buffer => randomBytes(size);

/** `blob` in chunks of `size`, like an upload. */
export async function* chunked(blob: Uint8Array, size = 100 * KIB): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < blob.length; i += size) yield blob.subarray(i, i + size);
}

export const putBytes = async (storage: ObjectStorage, blob: Uint8Array): Promise<ObjectId> =>
  (await storage.put(ORIGIN, chunked(blob))).objectId;

export async function readBytes(storage: ObjectStorage, id: ObjectId): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(storage.get(id)));
}
