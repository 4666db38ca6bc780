// Large blobs: files `objects/<2 hex>/<uuid>-<session, hashed>`, those of attempts with
// `<task, hashed>-<attempt>-` in front.
//
//   EF1. A blob becomes visible only once durable: temporary file, fsync, rename, fsync of the folder.
//   EF2. A file that has its name never changes.
//   EF3. Temporary files of a dead writer are removed at an opening, an hour after their last write;
//       those of an attempt together with its blobs.
//   EF4. A blob is gone only if its folder is there: else the store is away, which callers wait for.
//   EF5. What the attempts of a task stored lies in one folder, which is gone through to find it;
//       and all folders to find what there is of a session, which is deleted once.
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { objectId, type SessionId } from "../../../domain/ids.ts";
import type { Attempts, Origin, StoredObject } from "../../ports/objects.ts";
import { onDisk } from "../outage.ts";

const ID =
  /^f-([0-9a-f]{2})((?:[0-9a-f]{30}-\d{1,15}-[0-9a-f]{2})?[0-9a-f]{6}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9a-f]{32})$/;
const ASIDE = ".tmp-";
const ASIDE_BLOB = `${ASIDE}f-`;
const ABANDONED_MS = 3_600_000;
const CHUNK_BYTES = 256 * 1024;
const FOLDERS = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

const hashOf = (id: string): string => createHash("sha256").update(id).digest("hex").slice(0, 32);

function toName({ sessionId, attempt }: Origin): string {
  const unique = `${randomUUID()}-${hashOf(sessionId)}`;
  return attempt ? `${hashOf(attempt.taskId)}-${attempt.attempt}-${unique}` : unique;
}

/** Whether the blob of this name was stored by one of the attempts. */
function matcherOf(attempts: Attempts): (name: string) => boolean {
  const ofTask = `${hashOf(attempts.taskId)}-`;
  if ("only" in attempts) return (name) => name.startsWith(`${ofTask}${attempts.only}-`);
  const spared = `${ofTask}${attempts.except ?? ""}-`;
  return (name) => name.startsWith(ofTask) && !name.startsWith(spared);
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

const onObjects = <T>(work: () => Promise<T>): Promise<T> => onDisk("objects", work);

async function sync(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

/** Writes of many small chunks are joined; the rest of a chunk that was half written follows. */
async function writeAll(file: FileHandle, chunks: Uint8Array[]): Promise<void> {
  let rest = chunks;
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest);
    let whole = 0;
    while (whole < rest.length && bytesWritten >= (rest[whole]?.length ?? 0)) {
      bytesWritten -= rest[whole]?.length ?? 0;
      whole += 1;
    }
    rest = rest.slice(whole);
    if (rest[0]) rest[0] = rest[0].subarray(bytesWritten);
  }
}

/** Makes the folders when they are not there yet, and removes what dead writers left (EF3). */
export async function openFiles(root: string) {
  mkdirSync(root, { recursive: true });
  const entries = new Set(readdirSync(root));
  const missing = FOLDERS.filter((folder) => !entries.has(folder));
  for (const folder of missing) mkdirSync(join(root, folder), { recursive: true });
  if (missing.length > 0) await sync(root);
  for (const entry of entries)
    if (entry.startsWith(ASIDE)) await removeAbandoned(join(root, entry));

  /** The id is checked, so that no id can lead out of the folder. */
  const pathOf = (id: string): string | undefined => {
    const [, folder, rest] = ID.exec(id) ?? [];
    return folder && rest ? join(root, folder, folder + rest) : undefined;
  };

  /** Undefined when there is no such blob. */
  const openOne = async (id: string): Promise<FileHandle | undefined> => {
    const path = pathOf(id);
    if (path === undefined) return undefined;
    try {
      return await onObjects(() => open(path, "r"));
    } catch (error) {
      if (!(error instanceof Error) || !isMissing(error.cause)) throw error;
      await onObjects(() => stat(dirname(path)));
      return undefined;
    }
  };

  return {
    /** Stores all of `chunks`, or leaves nothing behind and rejects with what they threw. */
    async write(origin: Origin, chunks: AsyncIterable<Uint8Array>): Promise<StoredObject> {
      const id = `f-${toName(origin)}`;
      const path = pathOf(id) as string;
      const aside = join(root, ASIDE + id);
      try {
        const size = await writeAside(aside, chunks);
        await onObjects(async () => {
          await rename(aside, path);
          await sync(dirname(path));
        });
        return { objectId: objectId(id), size };
      } catch (error) {
        // Where even that fails it is left to EF3: what the caller has to know is the first failure.
        await rm(aside, { force: true }).catch(() => {});
        throw error;
      }
    },

    open: openOne,

    /** The whole blob; undefined when it is gone or larger than `maxBytes`. */
    async read(id: string, maxBytes: number): Promise<Uint8Array | undefined> {
      await using file = await openOne(id);
      if (!file || (await file.stat()).size > maxBytes) return undefined;
      return onObjects(() => file.readFile());
    },

    /** Undefined when there is no such blob. */
    async size(id: string): Promise<number | undefined> {
      await using file = await openOne(id);
      return file && (await file.stat()).size;
    },

    /** Not synced: a file that comes back after a loss of power is as unknown as a lost upload. */
    async remove(id: string): Promise<void> {
      const path = pathOf(id);
      if (path !== undefined) await onObjects(() => rm(path, { force: true }));
    },

    async dropAttempts(attempts: Attempts): Promise<void> {
      const isTheirs = matcherOf(attempts);
      await removeFrom(join(root, hashOf(attempts.taskId).slice(0, 2)), isTheirs);
      await removeFrom(root, isAside(isTheirs));
    },

    async *dropSession(sessionId: SessionId): AsyncGenerator<number, void> {
      const ending = `-${hashOf(sessionId)}`;
      const isIts = (name: string): boolean => name.endsWith(ending);
      for (const folder of FOLDERS) {
        const dropped = await removeFrom(join(root, folder), isIts);
        if (dropped > 0) yield dropped;
      }
      await removeFrom(root, isAside(isIts));
    },

    ping: (): Promise<void> => onObjects(() => stat(root).then(() => {})),
  };
}

/** Answers how many it removed. */
async function removeFrom(folder: string, isOne: (name: string) => boolean): Promise<number> {
  const names = (await onObjects(() => readdir(folder))).filter(isOne);
  for (const name of names) await onObjects(() => rm(join(folder, name), { force: true }));
  return names.length;
}

const isAside =
  (isOne: (name: string) => boolean) =>
  (name: string): boolean =>
    name.startsWith(ASIDE_BLOB) && isOne(name.slice(ASIDE_BLOB.length));

async function writeAside(path: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  await using file = await onObjects(() => open(path, "wx"));
  let size = 0;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    if (chunk.length > 0) pending.push(chunk);
    pendingBytes += chunk.length;
    if (pendingBytes < CHUNK_BYTES && pending.length < 512) continue;
    await onObjects(() => writeAll(file, pending));
    size += pendingBytes;
    pending = [];
    pendingBytes = 0;
  }
  await onObjects(async () => {
    await writeAll(file, pending);
    await file.datasync();
  });
  return size + pendingBytes;
}

/** Each piece in memory of its own and no larger than needed: the reader may keep it. */
export async function* readChunks(file: FileHandle): AsyncGenerator<Uint8Array, void> {
  let { size: rest } = await file.stat();
  while (rest > 0) {
    const piece = Buffer.allocUnsafeSlow(Math.min(rest, CHUNK_BYTES));
    const { buffer, bytesRead } = await onObjects(() => file.read(piece));
    if (bytesRead === 0) throw new Error("an object's file is shorter than it was");
    rest -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

export function* slicesOf(blob: Uint8Array): Generator<Uint8Array, void> {
  for (let i = 0; i < blob.length; i += CHUNK_BYTES) yield blob.subarray(i, i + CHUNK_BYTES);
}

async function removeAbandoned(path: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  } catch (error) {
    // Its writer, or another opener, was quicker.
    if (!isMissing(error)) throw error;
  }
}
