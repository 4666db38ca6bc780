// All works, in the order of the tables.
import type { Work } from "./support/work.ts";
import { children } from "./work/children.ts";
import { closing } from "./work/close.ts";
import { downloads } from "./work/downloads.ts";
import { growth } from "./work/growth.ts";
import { levels } from "./work/levels.ts";
import { memory } from "./work/memory.ts";
import { noOp } from "./work/no-op.ts";
import { roundTrip } from "./work/round-trip.ts";
import { start } from "./work/start.ts";
import { submission } from "./work/submission.ts";
import { temporal } from "./work/temporal.ts";
import { tinySessions } from "./work/tiny-sessions.ts";

export const WORKS: readonly Work[] = [
  ...[noOp, levels, tinySessions, submission, downloads, roundTrip, closing],
  ...[temporal, children, growth, start, memory],
];

/** @throws when there is no such work, with those that there are. */
export function worksOf(keys: readonly string[]): Work[] {
  return keys.map((key) => {
    const work = WORKS.find((one) => one.key === key);
    if (work) return work;
    throw new Error(`There is no work "${key}": ${WORKS.map((one) => one.key).join(", ")}.`);
  });
}
