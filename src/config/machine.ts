// What the user's environment says about this machine, outside the configuration of the grid.
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import type { Environment } from "./environment.ts";

export interface Machine {
  /** Everything, to hand it down to child processes. */
  readonly env: Environment;
  /** The folders in which programs are looked for. */
  readonly path: readonly string[];
  /** A Temporal server that runs already. */
  readonly temporalAddress: string | undefined;
  /** The `temporal` program to use. */
  readonly temporalCli: string | undefined;
  /** Where downloads are kept for the next time. */
  readonly cacheFolder: string;
  /** Whether npm started us: its end is then ours. */
  readonly underNpm: boolean;
}

/** XDG Base Directory: unset, empty and relative values are all to be ignored. */
const cacheFolderOf = (named = ""): string =>
  join(isAbsolute(named) ? named : join(homedir(), ".cache"), "armonik-on-temporal");

export const readMachine = (env: Environment = process.env): Machine => ({
  env,
  path: (env["PATH"] ?? "").split(delimiter).filter(isAbsolute),
  temporalAddress: env["TEMPORAL_ADDRESS"] || undefined,
  temporalCli: env["TEMPORAL_CLI"] || undefined,
  cacheFolder: cacheFolderOf(env["XDG_CACHE_HOME"]),
  underNpm: env["npm_lifecycle_event"] !== undefined,
});
