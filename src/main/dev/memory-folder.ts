// A folder in memory for the data of running attempts: they live as long as the attempt, and
// creating their many small files is the slowest step of a short task on some file systems.
import { accessSync, constants, statfsSync } from "node:fs";

export const SHARED_MEMORY = "/dev/shm";
/** Inputs and outputs of all attempts under way must fit; with less room they belong on a disk. */
const ROOM_BYTES = 4 * 2 ** 30;

/** Undefined where the system has none, or one that is small, full or closed to us. */
export function findMemoryFolder(
  folder = SHARED_MEMORY,
  roomBytes = ROOM_BYTES,
): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= roomBytes ? folder : undefined;
  } catch {
    return undefined; // ENOENT, EACCES: a system without it, which is no failure.
  }
}
