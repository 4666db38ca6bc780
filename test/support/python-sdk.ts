import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { readMachine } from "../../src/config/machine.ts";

const VERSION = "3.29.4";

const MAKER = join(import.meta.dirname, "python-sdk.py");

/**
 * The Python that has the official SDK of ArmoniK, as an absolute path.
 *
 * The first call on a machine downloads it into the user's cache: call it from a `beforeAll` with a
 * timeout of minutes. Any number of processes may call at once.
 */
export async function pythonSdk(): Promise<string> {
  const folder = join(readMachine().cacheFolder, `python-sdk-${VERSION}`);
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
