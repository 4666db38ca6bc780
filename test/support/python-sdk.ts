import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";

const VERSION = "3.29.4";

const MAKER = join(import.meta.dirname, "python-sdk.py");

/** XDG Base Directory: unset, empty and relative values are all to be ignored. */
function cacheFolder(): string {
  // biome-ignore lint/style/noProcessEnv: names the user's cache, which no configuration of ours does
  const named = process.env["XDG_CACHE_HOME"] ?? "";
  return isAbsolute(named) ? named : join(homedir(), ".cache");
}

/**
 * The Python that has the official SDK of ArmoniK, as an absolute path.
 *
 * The first call on a machine downloads it into the user's cache: call it from a `beforeAll` with a
 * timeout of minutes. Any number of processes may call at once.
 */
export async function pythonSdk(): Promise<string> {
  const folder = join(cacheFolder(), "armonik-on-temporal", `python-sdk-${VERSION}`);
  const python = join(folder, "bin", "python");
  if (!existsSync(join(folder, "complete")) || !existsSync(python)) await make(folder);
  return python;
}

async function make(folder: string): Promise<void> {
  try {
    await promisify(execFile)("python3", [MAKER, folder, `armonik==${VERSION}`]);
  } catch (cause) {
    const { code, stderr } = cause as { code?: unknown; stderr?: string };
    const why = code === "ENOENT" ? "there is no python3 on the PATH" : stderr?.trim();
    throw new Error(`The Python SDK of ArmoniK could not be installed: ${why}`, { cause });
  }
}
