import type { ObjectId } from "../../domain/ids.ts";

export interface StoredObject {
  readonly objectId: ObjectId;
  /** Bytes. */
  readonly size: number;
}

/**
 * Where result data lives. Blobs are immutable: a second upload makes a second id. Every verb
 * rejects with GridError DEPENDENCY_UNAVAILABLE when the backend is away, full or failing.
 */
export interface ObjectStorage extends AsyncDisposable {
  /** Streams `chunks` in and names the blob. Nothing is visible under the id before this resolves. */
  put(chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<StoredObject>;
  /** Stores many small blobs in one go, in order; for blobs that fit in memory together. */
  putMany(blobs: readonly Uint8Array[]): Promise<StoredObject[]>;
  /**
   * Streams the blob out in chunks of at most 256 KiB; an empty blob yields nothing.
   *
   * @throws {GridError} RESULT_DATA_NOT_FOUND, before the first chunk.
   */
  get(id: ObjectId, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** The blobs of at most `maxBytes` each, in order; undefined for a larger or an unknown one. */
  getMany(ids: readonly ObjectId[], maxBytes: number): Promise<(Uint8Array | undefined)[]>;
  /** Idempotent: an id that is already gone is not an error. */
  delete(ids: readonly ObjectId[]): Promise<void>;
  /** Rejects when the backing service cannot be reached; health checks call it. */
  ping(): Promise<void>;
}
