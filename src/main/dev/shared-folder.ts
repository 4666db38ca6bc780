// Where agents and workers exchange the data of tasks.
//
// The request to a worker names its data folder, and most SDKs go by that. Some programs read
// ArmoniK's own place directly, /cache/shared/<token>/<result id>: so that is a link to ours, where
// it can be. Ours is in memory: on a disk it halves what short tasks a second are possible.
import { lstatSync, mkdirSync, readlinkSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/** As in ArmoniK's containers. */
const USUAL = "/cache/shared";

export interface SharedFolder extends Disposable {
  /** What agents are told. */
  readonly path: string;
  /** For the table of addresses. */
  readonly remark: string;
}

export interface SharedFolderWish {
  /** What the user asks for; taken as it is. */
  readonly given: string | undefined;
  readonly runFolder: string;
  readonly usual?: string;
}

const nothing = (): void => {};

function isThere(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // ENOENT, ENOTDIR: nothing, or a link that leads nowhere.
  }
}

/** A folder, and not a link to one. */
function isOwnFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false; // ENOENT, ENOTDIR: what is not there is no folder.
  }
}

/** A link that leads nowhere is what a grid that was killed has left. */
function removeDeadLink(path: string): void {
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (link?.isSymbolicLink() && !isThere(path)) rmSync(path);
}

/** Answers what removes the link, or why there is none. */
function linkTo(folder: string, usual: string): (() => void) | string {
  try {
    mkdirSync(dirname(usual), { recursive: true });
    removeDeadLink(usual);
    symlinkSync(folder, usual);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return isThere(usual) ? `${usual} is somebody else's` : `${usual} cannot be made (${code})`;
  }
  return () => {
    if (readlinkSync(usual) === folder) rmSync(usual);
  };
}

/** @throws the system's error when the folder that the user asks for cannot be made. */
export function openSharedFolder(wish: SharedFolderWish): SharedFolder {
  const { given, runFolder, usual = USUAL } = wish;
  if (given !== undefined) {
    mkdirSync(given, { recursive: true });
    return { path: given, remark: given, [Symbol.dispose]: nothing };
  }
  // Somebody has prepared it, as a volume for instance.
  const prepared = isOwnFolder(usual);
  if (prepared) return { path: usual, remark: usual, [Symbol.dispose]: nothing };
  const path = join(runFolder, "shared");
  mkdirSync(path);
  const link = linkTo(path, usual);
  const remark =
    typeof link === "string"
      ? `${path}: ${link}, which programs that read it directly need (--shared-folder DIR)`
      : `${usual}, which leads to ${path}`;
  return { path, remark, [Symbol.dispose]: typeof link === "string" ? nothing : link };
}
