// Strips the types of all our modules once, before many processes do it at the same time: without
// it each would spend 0.3 s and, for good, 25 MB on it.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  globSync,
  mkdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../../..");
const MODULES = ["src/**/*.ts", "samples/typescript/*.ts"];

/**
 * Modules that cannot be linked have been compiled, and none of them has run.
 *
 * That is what the last import is for.
 */
const compiling = (files: readonly string[]): string =>
  [
    ...files.map((file) => `import ${JSON.stringify(pathToFileURL(join(ROOT, file)).href)};`),
    'import { nothingOfThatName } from "node:fs";',
  ].join("\n");

const SCRIPT = `
import { flushCompileCache } from "node:module";
import { text } from "node:stream/consumers";
const code = Buffer.from(await text(process.stdin)).toString("base64");
await import("data:text/javascript;base64," + code).catch((error) => {
  if (!error.message.includes("nothingOfThatName")) throw error;
});
flushCompileCache();
`;

async function compile(files: readonly string[], folder: string): Promise<void> {
  const running = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", SCRIPT], {
    env: { NODE_COMPILE_CACHE: folder },
  });
  running.child.stdin?.end(compiling(files));
  await running;
}

/** A read-only installation works as well, only not as fast. */
function canWrite(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Fills the folder for NODE_COMPILE_CACHE, unless it is up to date, or not ours to write. */
export async function fillCompileCache(folder: string): Promise<void> {
  const files = globSync(MODULES, { cwd: ROOT }).sort();
  const state = files.map((file) => `${file} ${statSync(join(ROOT, file)).mtimeMs}`);
  const hash = createHash("sha256")
    .update(`${process.version}\n${state.join("\n")}`)
    .digest("hex");
  const stamp = join(folder, `filled-${hash.slice(0, 16)}`);
  if (existsSync(stamp) || !canWrite(folder)) return;
  await compile(files, folder);
  writeFileSync(stamp, "");
}
