// The workflows as one file, made anew when their sources have changed.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../..");
const SCRIPT = join(ROOT, "scripts/bundle-workflows.ts");
/** What ends up in the bundle, and what decides how. */
const SOURCES = ["src/workflows", "src/domain"];
const LOCK = "package-lock.json";

async function sourceHash(): Promise<string> {
  const hash = createHash("sha256");
  const listings = SOURCES.map(async (folder) =>
    (await readdir(join(ROOT, folder), { recursive: true }))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  );
  const files = [LOCK, ...(await Promise.all(listings)).flat().sort()];
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(ROOT, file)));
  return hash.digest("hex").slice(0, 16);
}

/** Path of a bundle that fits the sources; makes it in a process of its own if there is none. */
export async function workflowBundle(): Promise<string> {
  const file = join(ROOT, ".cache", `workflow-bundle-${await sourceHash()}.js`);
  if (!existsSync(file)) await promisify(execFile)(process.execPath, [SCRIPT, file]);
  return file;
}
