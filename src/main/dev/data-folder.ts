import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { reasonOf, StartError } from "./start-error.ts";

/** Everything that a grid of this machine keeps, held by one `grid dev` at a time. */
export interface DataFolder extends Disposable {
  readonly path: string;
  readonly logs: string;
}

const SQLITE_BUSY = 5;

const cannotWrite = (path: string, error: unknown): StartError =>
  new StartError(
    `The data folder ${path} cannot be written: ${reasonOf(error)}. Choose another one with --data.`,
  );

function pidIn(file: string): string {
  try {
    return `process ${readFileSync(file, "utf8").trim()}`;
  } catch {
    return "another process"; // It writes the file just now.
  }
}

/**
 * A lock that the kernel takes back from a process that dies, so that none is ever stale.
 *
 * SQLite takes it for us: Node itself has no call for it.
 */
function takeLock(path: string, pidFile: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, "lock"), { timeout: 0 });
  try {
    lock.exec("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new StartError(
      `A grid runs in ${path} already (${pidIn(pidFile)}). Stop it first, or choose another folder with --data.`,
    );
  }
}

/** @throws {StartError} when it cannot be written or another `grid dev` holds it. */
export function openDataFolder(given: string): DataFolder {
  const path = resolve(given);
  const logs = join(path, "logs");
  const pidFile = join(path, "pid");
  try {
    mkdirSync(logs, { recursive: true });
    const lock = takeLock(path, pidFile);
    writeFileSync(pidFile, `${process.pid}\n`);
    return { path, logs, [Symbol.dispose]: () => lock.close() };
  } catch (error) {
    throw error instanceof StartError ? error : cannotWrite(path, error);
  }
}
