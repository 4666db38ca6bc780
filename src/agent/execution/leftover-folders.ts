// Data folders that an agent has left behind because it was killed.
//
//   LF1. An agent's folders begin with its own mark, which stays the same when it starts again: so
//        the next one removes them, and never those of another agent that shares the folder.
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { removeFolder } from "./folder.ts";

/** @param address where the agent listens for its worker: one on a machine, the same after a restart. */
export const folderMark = (address: string): string =>
  createHash("sha256").update(address).digest("hex").slice(0, 8);

/** Answers how many it removed. */
export function removeLeftovers(cacheFolder: string, mark: string): number {
  const left = readdirSync(cacheFolder).filter((name) => name.startsWith(`${mark}-`));
  for (const name of left) removeFolder(join(cacheFolder, name));
  return left.length;
}
