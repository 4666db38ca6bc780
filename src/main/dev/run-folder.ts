import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { StartError } from "./start-error.ts";

/** `sun_path`, without the closing zero: 108 bytes on Linux, 104 elsewhere. */
const LONGEST_SOCKET_PATH = process.platform === "linux" ? 107 : 103;

const PREFIX = "grid-";

export interface RunFolderWish {
  readonly dataFolder: string;
  /** The longest name of a socket that has to fit. */
  readonly longestName: string;
  /** A folder in memory, preferred where there is one. */
  readonly memoryFolder?: string | undefined;
  /** The system's folder for temporary files. */
  readonly temporaryFolder: string;
  /** The folder of an earlier run, if it was not in the data folder. */
  readonly earlier?: string | undefined;
}

const excess = (folder: string, name: string): number =>
  Buffer.byteLength(join(folder, name)) - LONGEST_SOCKET_PATH;

/**
 * An empty folder for sockets and the data of running tasks: in memory, or in the data folder, or,
 * where paths of sockets would be too long for the kernel, in the system's folder for temporary files.
 *
 * @throws {StartError} when they are too long there as well.
 */
export function makeRunFolder(wish: RunFolderWish): string {
  const { dataFolder, longestName, memoryFolder, temporaryFolder, earlier } = wish;
  if (earlier && basename(earlier).startsWith(PREFIX)) {
    rmSync(earlier, { recursive: true, force: true });
  }
  const near = join(dataFolder, "run");
  rmSync(near, { recursive: true, force: true });
  if (memoryFolder && excess(join(memoryFolder, `${PREFIX}123456`), longestName) <= 0) {
    return mkdtempSync(join(memoryFolder, PREFIX));
  }
  if (excess(near, longestName) <= 0) {
    mkdirSync(near);
    return near;
  }
  const example = join(temporaryFolder, `${PREFIX}123456`);
  const tooMany = excess(example, longestName);
  if (tooMany <= 0) return mkdtempSync(join(temporaryFolder, PREFIX));
  throw new StartError(
    `The paths of sockets would have ${tooMany} bytes more than the system allows (${LONGEST_SOCKET_PATH}), ` +
      `in ${dataFolder} and in ${temporaryFolder}. Choose a shorter folder with --data, or set TMPDIR to one.`,
  );
}
