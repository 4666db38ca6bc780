// The data folder of an attempt: inputs and outputs are files named by result id.
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";

/** Ids come from outside: this one may be the name of a file in a folder, and nothing else. */
export const isFileName = (id: string): boolean =>
  id !== "." && id !== ".." && /^[\w.:@#=+-]{1,255}$/.test(id);

/** @throws when the id would lead out of the folder. */
export function fileOf(folder: string, id: string): string {
  if (!isFileName(id)) throw new Error(`"${id}" cannot be the name of a file`);
  return join(folder, id);
}

export const makeFolder = (folder: string): void => {
  mkdirSync(folder);
};

/** A worker that was cancelled may still be writing: then the rest stays behind. */
export const removeFolder = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 2, retryDelay: 1 });
};

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** A pipe without a writer would block us. */
const FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

export type Output =
  | { readonly kind: "small"; readonly data: Uint8Array }
  | { readonly kind: "large"; readonly open: () => AsyncIterable<Uint8Array> }
  | { readonly kind: "missing" };

/**
 * Reads an output that the worker has announced. Synchronous for small ones: the calls cost less
 * than a round trip through the thread pool. Links are not followed: the agent may read more than
 * the worker.
 */
export function readOutput(folder: string, id: string, smallBytes: number): Output {
  const file = fileOf(folder, id);
  let fd: number;
  try {
    fd = openSync(file, FLAGS);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { kind: "missing" };
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error(`"${id}" is not a file`);
    if (stat.size <= smallBytes) return { kind: "small", data: readFileSync(fd) };
    return {
      kind: "large",
      open: () => createReadStream(file, { flags: FLAGS as unknown as string }),
    };
  } finally {
    closeSync(fd);
  }
}
