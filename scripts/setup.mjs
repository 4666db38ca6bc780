// Makes a fresh checkout runnable: dependencies installed, code generated from proto/.
//
// Every npm script runs it first, so it does nothing, in well under 0.3 s, when nothing changed.
// It runs before anything is installed, on whatever Node the user has: plain JavaScript, built-in
// modules only. Progress goes to stderr, since stdout belongs to the command that follows.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const MINIMUM_NODE = 20;
const PATIENCE_MS = 10 * 60_000;

const ROOT = join(fileURLToPath(import.meta.url), "../..");
const BIN = join(ROOT, "node_modules/.bin");
const STAMP = join(ROOT, "node_modules/.setup-stamp.json");
const LOCK = join(ROOT, ".cache/setup.lock");

const AGAIN = "then run `npm run setup` again.";

const say = (text) => process.stderr.write(`${text}\n`);

/** A failure whose message tells the user what to do. */
class SetupError extends Error {}

function checkNode() {
  if (Number.parseInt(process.versions.node, 10) >= MINIMUM_NODE) return;
  throw new SetupError(
    `Node.js ${MINIMUM_NODE} or later is needed, this is ${process.version}: install it from https://nodejs.org, ${AGAIN}`,
  );
}

/** Hash of files, named relative to the root. */
function hashOf(...names) {
  const hash = createHash("sha256");
  for (const name of names) {
    const path = join(ROOT, name);
    if (!existsSync(path)) throw new SetupError(`${name} is missing: restore it, ${AGAIN}`);
    hash.update(`${name}\0`).update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}

const protoFiles = () => {
  const names = readdirSync(join(ROOT, "proto"), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".proto"))
    .map((name) => `proto/${name}`)
    .sort();
};

function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, "utf8"));
  } catch {
    return {}; // None yet, or cut short by a crash: either way, nothing is known to be done.
  }
}

function writeStamp(changes) {
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(`${STAMP}.tmp`, JSON.stringify({ ...readStamp(), ...changes }));
  renameSync(`${STAMP}.tmp`, STAMP);
}

/** Runs a program quietly; what it printed is shown only if it fails. */
function run(program, args, advice) {
  // biome-ignore lint/style/noProcessEnv: child processes need the environment, with our tools ahead
  const inherited = process.env;
  const result = spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...inherited, PATH: [BIN, inherited["PATH"]].join(delimiter) },
    maxBuffer: 2 ** 26,
  });
  if (result.status === 0) return;
  const notStarted = result.error && `${program} cannot be started: ${result.error.message}`;
  say([result.stdout, result.stderr, notStarted].filter(Boolean).join("\n").trim());
  throw new SetupError(
    `\`${[program, ...args].join(" ")}\` failed, see above: ${advice}, ${AGAIN}`,
  );
}

/** In the order of execution. Each is due when `hash()` is not the recorded one. */
const STEPS = [
  {
    name: "install",
    progress: "Installing dependencies, which takes a minute…",
    hash: () => hashOf("package-lock.json"),
    isMissing: () => !existsSync(join(ROOT, "node_modules/.bin")),
    run: () =>
      run("npm", ["install", "--no-audit", "--no-fund"], "check the network and npm's registry"),
  },
  {
    name: "generate",
    progress: "Generating src/gen from proto/…",
    // The lock file is among them because it fixes the version of the generator.
    hash: () => hashOf("package-lock.json", "buf.yaml", "buf.gen.yaml", ...protoFiles()),
    isMissing: () => !existsSync(join(ROOT, "src/gen")),
    run: () => run("buf", ["generate"], "mend the proto files or buf.gen.yaml"),
  },
];

const isDue = (step) => step.isMissing() || readStamp()[step.name] !== step.hash();

/** Takes the lock if it is free. */
function tryLock() {
  // A folder that already holds our id is moved into place, so that no lock is ever without one.
  const ours = `${LOCK}.${process.pid}`;
  mkdirSync(ours, { recursive: true });
  writeFileSync(join(ours, "pid"), String(process.pid));
  try {
    renameSync(ours, LOCK);
    return true;
  } catch (error) {
    rmSync(ours, { recursive: true, force: true });
    if (error.code === "ENOTEMPTY" || error.code === "EEXIST") return false;
    throw error;
  }
}

/** Moves the lock away in one piece: a folder half removed could be taken and then lose its id. */
function unlock() {
  const aside = `${LOCK}.released.${process.pid}`;
  renameSync(LOCK, aside);
  rmSync(aside, { recursive: true });
}

function holderOf(lock) {
  try {
    return Number(readFileSync(join(lock, "pid"), "utf8"));
  } catch {
    return undefined; // Released in the meantime.
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM"; // Another user's.
  }
}

/** Removes the lock of a dead process, unless another run was faster and holds it by now. */
function breakLock(deadPid) {
  const aside = `${LOCK}.broken.${process.pid}`;
  try {
    renameSync(LOCK, aside);
    if (holderOf(aside) !== deadPid) renameSync(aside, LOCK);
  } catch {
    // Somebody else removed or took it. The next look will tell.
  }
  rmSync(aside, { recursive: true, force: true });
}

async function withLock(work) {
  const deadline = Date.now() + PATIENCE_MS;
  let told = false;
  while (!tryLock()) {
    const holder = holderOf(LOCK);
    if (holder === undefined) continue;
    if (!isAlive(holder)) {
      breakLock(holder);
      continue;
    }
    if (Date.now() > deadline) {
      throw new SetupError(
        `Process ${holder} holds ${LOCK}: end it or remove the folder, ${AGAIN}`,
      );
    }
    if (!told) say(`Waiting for the setup that runs as process ${holder}…`);
    told = true;
    await sleep(100);
  }
  try {
    work();
  } finally {
    unlock();
  }
}

function setUp() {
  for (const step of STEPS) {
    // Looked at again, because another run may have done it while this one waited for the lock.
    if (!isDue(step)) continue;
    say(step.progress);
    // From before the step, so that what is edited meanwhile is not taken for done; and nothing is
    // on record while it runs, since a step that fails may leave less than it found.
    const hash = step.hash();
    writeStamp({ [step.name]: undefined });
    step.run();
    writeStamp({ [step.name]: hash });
  }
}

try {
  checkNode();
  if (STEPS.some(isDue)) await withLock(setUp);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
