// A grid of one's own for a while: `grid dev` as a child process, with its data in a folder that
// goes with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { DemoFailure } from "./failure.ts";

const CLI = join(import.meta.dirname, "../../src/main/cli.ts");

/** What `grid dev` says about itself in `grid.json` before it prints `grid ready`. */
const Addresses = z.object({
  submitter: z.string(),
  temporal: z.string(),
  namespace: z.string(),
  /** URL of Temporal's user interface; empty if the Temporal server is not the grid's own. */
  ui: z.string(),
  agents: z.number(),
});
export type Addresses = z.infer<typeof Addresses>;

export interface DevGrid extends AsyncDisposable {
  readonly addresses: Addresses;
  /** Resolves when the grid has ended, whoever ended it. */
  readonly ended: Promise<void>;
}

/**
 * Returns once the grid is ready; tells what it says of things that take long, a download say.
 *
 * @throws {DemoFailure} with what it printed, if it never will be.
 */
export async function openDevGrid(
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<DevGrid> {
  // Short, since sockets will lie in it and their paths must not be long.
  const folder = await mkdtemp(join(tmpdir(), "grid-demo-"));
  const ports = ["--port", "0", "--http-port", "0", "--ui-port", "0"];
  const child = spawn(process.execPath, [CLI, "dev", "--data", folder, ...ports], {
    stdio: ["ignore", "pipe", "pipe"],
    // A Ctrl-C is for us alone, and we pass it on: twice would mean "at once".
    detached: true,
    // Under npm, or what it takes for npm, it ends when we do, however we die.
    env: { ...process.env, npm_lifecycle_event: "demo" },
  });
  const ended = once(child, "close").then(() => undefined);
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const abort = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", abort);

  const printed: string[] = [];
  let isReady = false;
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", (line) => {
        if (printed.length < 100) printed.push(line);
        isReady ||= line.includes("grid ready");
        if (isReady) resolve();
        else if (line.endsWith("…")) tell(line);
      });
    }
  });
  try {
    await Promise.race([ready, ended.then(() => Promise.reject(new Error("it ended")))]);
    const text = await readFile(join(folder, "grid.json"), "utf8");
    const addresses = Addresses.parse(JSON.parse(text));
    return { addresses, ended, [Symbol.asyncDispose]: close };
  } catch (cause) {
    await close();
    signal.throwIfAborted();
    throw new DemoFailure(`The grid did not start. It said:\n${printed.join("\n")}`, { cause });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
