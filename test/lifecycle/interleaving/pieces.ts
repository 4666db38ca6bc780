// A verb for many documents is as many writes: others may have their turn between two of them.
import type { Random } from "./random.ts";

const IN_PIECES = new Set([
  ...[
    "create",
    "accept",
    "discard",
    "submit",
    "pause",
    "pauseAttempts",
    "acquire",
    "release",
    "start",
  ].map(ofTasks),
  ...["decide", "finish"].map(ofTasks),
  ...["create", "publish", "dropStaged", "claim", "transfer", "complete"].map(ofResults),
  ...["abortOwned"].map(ofResults),
  ...["add", "close"].map((verb) => `tables.dependencies.${verb}`),
  ...["add", "close"].map((verb) => `tables.batches.${verb}`),
  ...["publish", "ack"].map((verb) => `queue.${verb}`),
]);

function ofTasks(verb: string): string {
  return `tables.tasks.${verb}`;
}

function ofResults(verb: string): string {
  return `tables.results.${verb}`;
}

/** Calls that touch no store: their lists are empty. */
export const isNothing = ([list]: readonly unknown[]): boolean =>
  Array.isArray(list) && list.length === 0;

/** Runs the verb, by chance in two pieces; its answers are the items' own, in order. */
export async function inPieces(
  random: Random,
  verb: string,
  args: readonly unknown[],
  run: (args: readonly unknown[]) => Promise<unknown>,
): Promise<unknown> {
  const [list, ...rest] = args;
  const isList = IN_PIECES.has(verb) && Array.isArray(list) && list.length > 1;
  if (!isList || !random.chance(0.3)) return await run(args);
  const at = 1 + random.below(list.length - 1);
  const first = await run([list.slice(0, at), ...rest]);
  const second = await run([list.slice(at), ...rest]);
  return Array.isArray(first) ? [...first, ...(second as unknown[])] : undefined;
}
