// Another commit of this repository, runnable, in .cache/bench/.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ExplainedError } from "./explained-error.ts";
import type { Scope } from "./scope.ts";
import { git, ROOT, shortOf, type Tree } from "./tree.ts";

const FOLDER = join(ROOT, ".cache/bench");
const STAMP = ".setup-stamp.json";

function resolveCommit(name: string): string {
  try {
    return git("rev-parse", "--verify", "--quiet", `${name}^{commit}`).trim();
  } catch {
    throw new ExplainedError(
      `There is no commit ${name} in this repository: fetch it or correct the name.`,
    );
  }
}

/** Writes the commit's files; a folder that is there is complete. */
function unpack(commit: string, scope: Scope): string {
  const root = join(FOLDER, shortOf(commit));
  if (existsSync(root)) return root;
  const archive = join(scope.folder("archive"), "tree.tar");
  git("archive", "--format=tar", `--output=${archive}`, commit);
  const unfinished = `${root}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    execFileSync("tar", ["-xf", archive, "-C", unfinished]);
    renameSync(unfinished, root);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(archive);
  }
  return root;
}

const isSame = (root: string, file: string): boolean =>
  readFileSync(join(root, file)).equals(readFileSync(join(ROOT, file)));

const isShared = (modules: string): boolean =>
  lstatSync(join(modules, ".bin"), { throwIfNoEntry: false })?.isSymbolicLink() === true;

/**
 * Lends our dependencies to a tree that would install the same ones.
 *
 * Each by a link of its own, beside a stamp of its own: a setup writes there what it has done, and
 * what that tree generates must not pass for ours. What was lent goes when ours have changed.
 */
function shareDependencies(root: string): void {
  const [ours, theirs] = [join(ROOT, "node_modules"), join(root, "node_modules")];
  const mayShare = isSame(root, "package-lock.json") && isSame(root, "scripts/setup.mjs");
  if (isShared(theirs) && !mayShare) rmSync(theirs, { recursive: true });
  if (existsSync(theirs) || !mayShare) return;
  const { install } = JSON.parse(readFileSync(join(ours, STAMP), "utf8"));
  const unfinished = `${theirs}.${process.pid}`;
  mkdirSync(unfinished);
  for (const name of readdirSync(ours).filter((one) => one !== STAMP)) {
    symlinkSync(join(ours, name), join(unfinished, name));
  }
  writeFileSync(join(unfinished, STAMP), JSON.stringify({ install }));
  renameSync(unfinished, theirs);
}

/** Without what npm told our own script, which would send an installation to our folder. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/i.test(name)),
  );

/** @throws when there is no such commit, or its own setup fails. */
export async function checkOut(name: string, scope: Scope): Promise<Tree> {
  const commit = resolveCommit(name);
  const root = unpack(commit, scope);
  shareDependencies(root);
  const setup = scope.start([process.execPath, "scripts/setup.mjs"], {
    cwd: root,
    env: environment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(setup, "exit")) as [number | null];
  if (code !== 0) throw new ExplainedError(`The setup of ${shortOf(commit)} failed, in ${root}.`);
  return { name: shortOf(commit), root };
}
