// Small blobs: rows of objects.db.
//
//   ER1. Rows are appended, never changed: many small blobs share a page and a write to disk.
//   ER2. SQLite may give a deleted row's number to another; the random part of the id tells them
//       apart, so an id is never reused.
//   ER3. Tokens of an attempt's blobs start with the attempt's id, which is indexed. Task ids grow
//       with time, so that what is stored together lies together there, too.
import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { objectId, type SessionId } from "../../../domain/ids.ts";
import type { Attempts, NewBlob, Origin, StoredObject } from "../../ports/objects.ts";
import type { Database } from "../database/database.ts";

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS objects (
    number INTEGER PRIMARY KEY,
    token TEXT NOT NULL,
    session TEXT NOT NULL,
    data BLOB NOT NULL
  );
  CREATE INDEX IF NOT EXISTS objects_session ON objects (session);
  CREATE INDEX IF NOT EXISTS objects_attempts ON objects (token) WHERE instr(token, '@') > 0`;

const INSERT = "INSERT INTO objects (token, session, data) VALUES (?1, ?2, ?3)";
const SELECT = `
  SELECT data FROM objects WHERE number = ?1 AND token = ?2 AND length(data) <= ?3`;
const STAT = "SELECT length(data) AS size FROM objects WHERE number = ?1 AND token = ?2";
const DELETE = "DELETE FROM objects WHERE number = ?1 AND token = ?2";

const OF_ATTEMPTS = `
  SELECT number FROM objects INDEXED BY objects_attempts
  WHERE instr(token, '@') > 0 AND token >= ?1 AND token < ?2 AND NOT (token >= ?3 AND token < ?4)`;
const ARE_THERE = `${OF_ATTEMPTS} LIMIT 1`;
const DROP = `DELETE FROM objects WHERE number IN (${OF_ATTEMPTS} LIMIT ?5)`;

const DROP_SESSION = `DELETE FROM objects WHERE number IN (
  SELECT number FROM objects INDEXED BY objects_session WHERE session = ?1 LIMIT ?2)`;

const ID = /^s-([1-9]\d{0,14})-(.{22,})$/s;
type Key = readonly [number: number, token: string];

/** This much in one transaction or turn, so that the event loop and other writers breathe. */
const CHUNK_ROWS = 500;
const CHUNK_BYTES = 4 * 2 ** 20;

/** Where a row is, or undefined for an id that is none of ours. */
export function toRowKey(id: string): Key | undefined {
  const [, number, token] = ID.exec(id) ?? [];
  return number && token ? [Number(number), token] : undefined;
}

const toToken = ({ attempt }: Origin): string => {
  if (!attempt) return randomBytes(16).toString("base64url");
  return `${attempt.taskId}@${attempt.attempt}/${randomBytes(6).toString("base64url")}`;
};

/** All tokens with this beginning, which ends in a character that has a successor. */
const rangeOf = (beginning: string): [from: string, before: string] => {
  const last = beginning.charCodeAt(beginning.length - 1);
  return [beginning, beginning.slice(0, -1) + String.fromCharCode(last + 1)];
};

const NONE: [string, string] = ["", ""];

function rangesOf(attempts: Attempts): [string, string, string, string] {
  const ofTask = `${attempts.taskId}@`;
  if ("only" in attempts) return [...rangeOf(`${ofTask}${attempts.only}/`), ...NONE];
  const { except } = attempts;
  return [...rangeOf(ofTask), ...(except === undefined ? NONE : rangeOf(`${ofTask}${except}/`))];
}

function* chunksOf<T>(items: readonly T[], bytesOf: (item: T) => number): Generator<T[]> {
  let chunk: T[] = [];
  let bytes = 0;
  for (const item of items) {
    chunk.push(item);
    bytes += bytesOf(item);
    if (chunk.length < CHUNK_ROWS && bytes < CHUNK_BYTES) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}

export const createRows = (db: Database) => {
  const insert = ({ origin, data }: NewBlob): StoredObject => {
    const token = toToken(origin);
    const { lastInsertRowid } = db.sql(INSERT).run(token, origin.sessionId, data);
    return { objectId: objectId(`s-${lastInsertRowid}-${token}`), size: data.length };
  };
  const select = (key: Key, maxBytes: number): Uint8Array | undefined =>
    (db.sql(SELECT).get(...key, maxBytes) as { data: Uint8Array } | undefined)?.data;

  const sizeOf = (key: Key): number | undefined =>
    (db.sql(STAT).get(...key) as { size: number } | undefined)?.size;

  const readEach = async <T>(keys: readonly Key[], read: (key: Key) => T): Promise<T[]> => {
    const found: T[] = [];
    for (const chunk of chunksOf(keys, () => 1)) {
      if (found.length > 0) await nextTurn();
      found.push(...(await db.read(() => chunk.map(read))));
    }
    return found;
  };

  return {
    async insert(blobs: readonly NewBlob[]): Promise<StoredObject[]> {
      const stored: StoredObject[] = [];
      for (const chunk of chunksOf(blobs, ({ data }) => data.length)) {
        stored.push(...(await db.write(() => chunk.map(insert))));
      }
      return stored;
    },

    /** In order; undefined for what is gone or larger than `maxBytes`. */
    select: (keys: readonly Key[], maxBytes: number): Promise<(Uint8Array | undefined)[]> =>
      readEach(keys, (key) => select(key, maxBytes)),

    /** In order; undefined for what is gone. */
    stat: (keys: readonly Key[]): Promise<(number | undefined)[]> => readEach(keys, sizeOf),

    async delete(keys: readonly Key[]): Promise<void> {
      for (const chunk of chunksOf(keys, () => 1)) {
        await db.write(() => {
          for (const key of chunk) db.sql(DELETE).run(...key);
        });
      }
    },

    async dropAttempts(attempts: readonly Attempts[]): Promise<void> {
      for (const chunk of chunksOf(attempts.map(rangesOf), () => 1)) {
        // Most attempts have stored nothing: they should not wait for the write lock.
        const found = await db.read(() => chunk.filter((r) => db.sql(ARE_THERE).get(...r)));
        for (const ranges of found) {
          const drop = () => db.sql(DROP).run(...ranges, CHUNK_ROWS).changes;
          while ((await db.write(drop)) === CHUNK_ROWS);
        }
      }
    },

    async *dropSession(sessionId: SessionId): AsyncGenerator<number, void> {
      const drop = () => Number(db.sql(DROP_SESSION).run(sessionId, CHUNK_ROWS).changes);
      for (;;) {
        const dropped = await db.write(drop);
        if (dropped > 0) yield dropped;
        if (dropped < CHUNK_ROWS) return;
      }
    },

    ping: (): Promise<void> => db.read(() => void db.sql("SELECT 1 FROM objects LIMIT 1").get()),
  };
};
