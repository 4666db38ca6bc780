// What counts as an outage of an embedded store: the machine did not do its part. Callers wait and
// try again; anything else is a bug, or a file that no waiting repairs (corruption).
import { GridError } from "../../domain/errors.ts";

const BUSY = 5;
const LOCKED = 6;
const READ_ONLY = 8;
const IO_ERROR = 10;
const FULL = 13;
const CANNOT_OPEN = 14;
const LOCK_PROTOCOL = 15;
const OUTAGES = new Set([BUSY, LOCKED, READ_ONLY, IO_ERROR, FULL, CANNOT_OPEN, LOCK_PROTOCOL]);

/** SQLite's primary result code; undefined for an error that is not SQLite's. */
const codeOf = (error: unknown): number | undefined => {
  const { errcode } = error as { errcode?: unknown };
  return error instanceof Error && typeof errcode === "number" ? errcode % 256 : undefined;
};

/** Another process holds the lock. */
export const isBusy = (error: unknown): boolean => codeOf(error) === BUSY;

/** Calls to the system name themselves in what they throw. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error;

const isOutage = (error: unknown): error is Error =>
  OUTAGES.has(codeOf(error) ?? 0) || isSystemError(error);

/** An outage as callers are told of it; any other error as it is. */
export function toOutage(store: string, error: unknown): unknown {
  if (!isOutage(error)) return error;
  // The system's own text names files of the machine, which are no caller's business.
  const reason = isSystemError(error) ? `${error.code} at ${error.syscall}` : error.message;
  return new GridError("DEPENDENCY_UNAVAILABLE", `${store}: ${reason}`, { cause: error });
}

/** Runs work on the store's own files. Not for what reads from a caller: its failures are not ours. */
export async function onDisk<T>(store: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toOutage(store, error);
  }
}
