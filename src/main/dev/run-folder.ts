import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lives, toNote } from "./leftovers.ts";
import { somebodyListens } from "./ports.ts";
import { StartError } from "./start-error.ts";

/** `sun_path`, without the closing zero: 108 bytes on Linux, 104 elsewhere. */
const LONGEST_SOCKET_PATH = process.platform === "linux" ? 107 : 103;

const PREFIX = "grid-run-";
/** Of a folder that is not in the data folder: names the `grid dev` that made it. */
const OWNER = "owner.json";

export interface RunFolderWish {
  readonly dataFolder: string;
  /** The longest name of a socket that has to fit. */
  readonly longestName: string;
  /** A folder in memory, preferred where there is one. */
  readonly memoryFolder?: string | undefined;
  /** The system's folder for temporary files. */
  readonly temporaryFolder: string;
}

const excess = (folder: string, name: string): number =>
  Buffer.byteLength(join(folder, name)) - LONGEST_SOCKET_PATH;

/** Its name tells nobody whose it is, and its owner may be killed: a note in it says so. */
function makeOwned(parent: string): string {
  const folder = mkdtempSync(join(parent, PREFIX));
  writeFileSync(join(folder, OWNER), JSON.stringify(toNote("grid dev", process.pid)));
  return folder;
}

/**
 * An empty folder for sockets and the data of running tasks: in memory, or in the data folder, or,
 * where paths of sockets would be too long for the kernel, in the system's folder for temporary files.
 *
 * @throws {StartError} when they are too long there as well.
 */
export function makeRunFolder(wish: RunFolderWish): string {
  const { dataFolder, longestName, memoryFolder, temporaryFolder } = wish;
  const near = join(dataFolder, "run");
  rmSync(near, { recursive: true, force: true });
  if (memoryFolder && excess(join(memoryFolder, `${PREFIX}123456`), longestName) <= 0) {
    return makeOwned(memoryFolder);
  }
  if (excess(near, longestName) <= 0) {
    mkdirSync(near);
    return near;
  }
  const example = join(temporaryFolder, `${PREFIX}123456`);
  const tooMany = excess(example, longestName);
  if (tooMany <= 0) return makeOwned(temporaryFolder);
  throw new StartError(
    `The paths of sockets would have ${tooMany} bytes more than the system allows (${LONGEST_SOCKET_PATH}), ` +
      `in ${dataFolder} and in ${temporaryFolder}. Choose a shorter folder with --data, or set TMPDIR to one.`,
  );
}

/** Whether its owner lives, or an agent or a worker that has outlived it. */
async function isInUse(folder: string): Promise<boolean> {
  if (lives(JSON.parse(readFileSync(join(folder, OWNER), "utf8")))) return true;
  const sockets = readdirSync(folder).filter((name) => name.endsWith(".sock"));
  const answers = sockets.map((name) => somebodyListens({ path: join(folder, name) }));
  return (await Promise.all(answers)).includes(true);
}

/** Removes run folders of grids that were killed. */
export async function removeStaleRunFolders(parents: readonly string[]): Promise<void> {
  for (const parent of parents) {
    for (const name of namesIn(parent).filter((one) => one.startsWith(PREFIX))) {
      const folder = join(parent, name);
      try {
        if (!(await isInUse(folder))) rmSync(folder, { recursive: true, force: true });
      } catch {
        // Somebody else's, or not finished, or gone by now: in no case ours to remove.
      }
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // A system without it.
  }
}
