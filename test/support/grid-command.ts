import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { readMachine } from "../../src/config/machine.ts";

const CLI = join(import.meta.dirname, "../../src/main/cli.ts");

export interface GridCommand {
  readonly cwd: string;
  /** Laid over our own environment, in which nothing may name a Temporal server. */
  readonly env?: Readonly<Record<string, string>>;
}

const inherited = Object.entries(readMachine().env).filter(
  ([name]) => !/^(npm_|TEMPORAL_|ARMONIK_)|__/.test(name),
);

/** Starts `grid` with these arguments. */
export const startGrid = (args: readonly string[], { cwd, env }: GridCommand) =>
  spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });

/** Runs `grid` to its end. */
export async function runGrid(args: readonly string[], command: GridCommand) {
  const child = startGrid(args, command);
  const [out, err] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: child.exitCode, out, err };
}
