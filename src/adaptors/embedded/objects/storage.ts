// The object port, in the data folder: blobs up to `inlineBytes` are rows of objects.db (rows.ts),
// larger ones files under objects/ (files.ts).
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { GridError } from "../../../domain/errors.ts";
import type { ObjectId } from "../../../domain/ids.ts";
import type { Clients } from "../../clients.ts";
import { interruptible } from "../../interruptible.ts";
import type { NewBlob, ObjectStorage, Origin, StoredObject } from "../../ports/objects.ts";
import { openDatabase } from "../database/database.ts";
import { shareFolder } from "../folder.ts";
import { openFiles, readChunks, slicesOf } from "./files.ts";
import { createRows, SCHEMA, toRowKey } from "./rows.ts";

export interface EmbeddedStorageOptions {
  path: string;
  inlineBytes: number;
}

/** This many files are handled at a time: the thread pool has four threads. */
const FILES_AT_ONCE = 8;

export async function openEmbeddedStorage(
  clients: Clients,
  { path, inlineBytes }: EmbeddedStorageOptions,
): Promise<ObjectStorage> {
  await shareFolder(clients, path);
  const files = await openFiles(join(path, "objects"));
  const file = join(path, "objects.db");
  const db = openDatabase({ file, schema: SCHEMA, durability: "FULL" });
  const rows = createRows(db);
  const closing = new AbortController();
  const uploads = new Set<Promise<unknown>>();
  const reading = new Set<FileHandle>();

  const upload = (work: () => Promise<StoredObject>): Promise<StoredObject> => {
    const running = work().finally(() => uploads.delete(running));
    uploads.add(running);
    return running;
  };
  const insertOne = async (blob: NewBlob) => (await rows.insert([blob]))[0] as StoredObject;

  const store = async (
    origin: Origin,
    chunks: AsyncIterable<Uint8Array>,
    signals: readonly AbortSignal[],
  ) => {
    await using source = interruptible(chunks, signals);
    const head: Uint8Array[] = [];
    let size = 0;
    while (size <= inlineBytes) {
      const { done, value } = await source.next();
      if (done) {
        const data = head.length === 1 && head[0] ? head[0] : Buffer.concat(head);
        return insertOne({ origin, data });
      }
      head.push(value);
      size += value.length;
    }
    // Awaited here, or the source would be disposed before it is read.
    return await files.write(origin, joined(head, source));
  };

  const streamRow = async function* (id: ObjectId, check: () => void) {
    const key = toRowKey(id);
    const [blob] = key ? await rows.select([key], Number.MAX_SAFE_INTEGER) : [];
    if (!blob) throw notFound(id);
    for (const slice of slicesOf(blob)) {
      check();
      yield slice;
    }
  };

  const streamFile = async function* (id: ObjectId, check: () => void) {
    const opened = await files.open(id);
    if (!opened) throw notFound(id);
    reading.add(opened);
    try {
      for await (const chunk of readChunks(opened)) {
        check();
        yield chunk;
        check();
      }
    } finally {
      reading.delete(opened);
      await opened.close();
    }
  };

  return {
    async put(origin, chunks, signal) {
      closing.signal.throwIfAborted();
      const signals = signal ? [signal, closing.signal] : [closing.signal];
      return upload(() => store(origin, chunks, signals));
    },
    async putMany(blobs) {
      closing.signal.throwIfAborted();
      const fits = ({ data }: NewBlob) => data.length <= inlineBytes;
      const small = await rows.insert(blobs.filter(fits));
      const large = await inGroups(
        blobs.filter((blob) => !fits(blob)),
        ({ origin, data }) => upload(() => files.write(origin, joined([data]))),
      );
      return blobs.map((blob) => (fits(blob) ? small : large).shift() as StoredObject);
    },
    async *get(id, signal) {
      const check = (): void => {
        closing.signal.throwIfAborted();
        signal?.throwIfAborted();
      };
      check();
      yield* toRowKey(id) ? streamRow(id, check) : streamFile(id, check);
    },
    async getMany(ids, maxBytes) {
      closing.signal.throwIfAborted();
      const keys = ids.map(toRowKey);
      const small = await rows.select(
        keys.filter((key) => key !== undefined),
        maxBytes,
      );
      const large = await inGroups(
        ids.filter((_, i) => !keys[i]),
        (id) => files.read(id, maxBytes),
      );
      return keys.map((key) => (key ? small.shift() : large.shift()));
    },
    async stat(ids) {
      closing.signal.throwIfAborted();
      const keys = ids.map(toRowKey);
      const small = await rows.stat(keys.filter((key) => key !== undefined));
      const large = await inGroups(
        ids.filter((_, i) => !keys[i]),
        files.size,
      );
      return keys.map((key) => (key ? small.shift() : large.shift()));
    },
    async delete(ids) {
      closing.signal.throwIfAborted();
      await rows.delete(ids.map(toRowKey).filter((key) => key !== undefined));
      await inGroups(
        ids.filter((id) => !toRowKey(id)),
        (id) => files.remove(id),
      );
    },
    async dropAttempts(attempts) {
      closing.signal.throwIfAborted();
      await rows.dropAttempts(attempts);
      await inGroups(attempts, files.dropAttempts);
    },
    async *dropSession(sessionId) {
      closing.signal.throwIfAborted();
      yield* rows.dropSession(sessionId);
      for await (const dropped of files.dropSession(sessionId)) {
        yield dropped;
        closing.signal.throwIfAborted();
      }
    },
    async ping() {
      await rows.ping();
      await files.ping();
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new GridError("ADAPTOR_CLOSED", file));
      await Promise.allSettled(uploads);
      await Promise.allSettled([...reading].map((opened) => opened.close()));
      await db[Symbol.asyncDispose]();
    },
  };
}

const notFound = (id: ObjectId) => new GridError("RESULT_DATA_NOT_FOUND", id);

async function* joined(head: readonly Uint8Array[], rest?: AsyncIterable<Uint8Array>) {
  yield* head;
  if (rest) yield* rest;
}

async function inGroups<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let i = 0; i < items.length; i += FILES_AT_ONCE) {
    done.push(...(await Promise.all(items.slice(i, i + FILES_AT_ONCE).map(work))));
  }
  return done;
}
