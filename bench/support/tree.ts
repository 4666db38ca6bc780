// A checkout of the repository whose grid can be started.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export interface Tree {
  /** What people read: a commit. */
  readonly name: string;
  readonly root: string;
}

export const ROOT = join(import.meta.dirname, "../..");

/** @throws when git refuses, with what it said. */
export const git = (...args: readonly string[]): string =>
  execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Enough of a commit's name for people. */
export const shortOf = (commit: string): string => commit.slice(0, 12);

/** This checkout as it is, with what is not committed. */
export function thisTree(): Tree {
  const commit = shortOf(git("rev-parse", "HEAD").trim());
  const changed = git("status", "--porcelain", "--untracked-files=no").trim() !== "";
  return { name: changed ? `${commit} with changes` : commit, root: ROOT };
}
