import type { ObjectId, SessionId, TaskId } from "../../domain/ids.ts";

export interface StoredObject {
  readonly objectId: ObjectId;
  /** Bytes. */
  readonly size: number;
}

/** Whose a blob is. */
export interface Origin {
  readonly sessionId: SessionId;
  /** What a worker made; a client's data has none. */
  readonly attempt?: { readonly taskId: TaskId; readonly attempt: number } | undefined;
}

export interface NewBlob {
  readonly origin: Origin;
  readonly data: Uint8Array;
}

/** Attempts of one task: the one, or all but the one, or all. */
export type Attempts = { readonly sessionId: SessionId; readonly taskId: TaskId } & (
  | { readonly only: number }
  | { readonly except: number | undefined }
);

/**
 * Where result data lives. Every verb rejects with GridError DEPENDENCY_UNAVAILABLE when the
 * backend is away, full or failing.
 *
 *   O1. Blobs are immutable: a second upload makes a second id, and no id is ever used again.
 *   O2. What the attempts of a task stored is found without any list kept elsewhere: the origin is
 *       part of a blob's key, as in `<session>/<task>@<attempt>/<unique>`, for a backend that
 *       lists by prefix; others index it.
 *   O3. Blobs go by `delete`, `dropAttempts` and `dropSession` only. Which of them nobody names is
 *       for the caller to know: the table rows count.
 */
export interface ObjectStorage extends AsyncDisposable {
  /** Streams `chunks` in and names the blob. Nothing is visible under the id before this resolves. */
  put(
    origin: Origin,
    chunks: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<StoredObject>;
  /** Stores many small blobs in one go, in order; for blobs that fit in memory together. */
  putMany(blobs: readonly NewBlob[]): Promise<StoredObject[]>;
  /**
   * Streams the blob out in chunks of at most 256 KiB; an empty blob yields nothing.
   *
   * @throws {GridError} RESULT_DATA_NOT_FOUND, before the first chunk.
   */
  get(id: ObjectId, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** The blobs of at most `maxBytes` each, in order; undefined for a larger or an unknown one. */
  getMany(ids: readonly ObjectId[], maxBytes: number): Promise<(Uint8Array | undefined)[]>;
  /** The sizes in bytes, in order; undefined for an unknown blob. Reads no data. */
  stat(ids: readonly ObjectId[]): Promise<(number | undefined)[]>;
  /** Idempotent: an id that is already gone is not an error. */
  delete(ids: readonly ObjectId[]): Promise<void>;
  /** Deletes what these attempts stored; what one of them stores meanwhile may survive. Idempotent. */
  dropAttempts(attempts: readonly Attempts[]): Promise<void>;
  /**
   * Deletes all that has this origin, whoever stored it, as fast as it is iterated; yields how many
   * blobs went with each chunk. What is stored meanwhile may survive. Whoever stops half-way, or
   * dies, goes on by calling again.
   */
  dropSession(sessionId: SessionId): AsyncIterable<number>;
  /** Rejects when the backing service cannot be reached; health checks call it. */
  ping(): Promise<void>;
}
