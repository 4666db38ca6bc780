// Finds the Temporal server that the grid of this machine uses.
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../config/machine.ts";
import { StartError } from "./start-error.ts";
import { installTemporalCli } from "./temporal-install.ts";

export type TemporalSource =
  /** Runs already, somebody else's. */
  | { readonly address: string }
  /** The program to start. */
  | { readonly program: string };

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // Not there, or not ours to run: the next place is looked at.
  }
};

const onPath = ({ path }: Machine): string | undefined =>
  path.map((folder) => join(folder, "temporal")).find(isProgram);

/** The version that the product is tested with; any newer one serves as well. */
const TEMPORAL_CLI_VERSION = "1.9.1";

export const cachedTemporalCli = ({ cacheFolder }: Machine): string =>
  join(cacheFolder, `temporal-cli-${TEMPORAL_CLI_VERSION}`, "temporal");

/**
 * In this order: `TEMPORAL_ADDRESS`, `TEMPORAL_CLI`, the PATH, the user's cache, a download.
 *
 * @param tell is told what takes long.
 * @throws {StartError} with what to do.
 */
export async function findTemporalCli(
  machine: Machine,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<TemporalSource> {
  const { temporalAddress, temporalCli } = machine;
  if (temporalAddress) return { address: temporalAddress };
  if (temporalCli) {
    if (isProgram(temporalCli)) return { program: temporalCli };
    throw new StartError(
      `TEMPORAL_CLI is ${temporalCli}, which is no program: correct or unset the variable.`,
    );
  }
  const cached = cachedTemporalCli(machine);
  const program = onPath(machine) ?? (isProgram(cached) ? cached : undefined);
  if (program) return { program };
  await installTemporalCli({ file: cached, version: TEMPORAL_CLI_VERSION, tell, signal });
  return { program: cached };
}
