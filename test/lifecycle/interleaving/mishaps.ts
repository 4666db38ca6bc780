// What befalls a verb of an actor: it is cut between two documents, or nobody hears how it ended.
//
// The actor either dies of it, or is told of an outage: it cannot know what was written.
import { GridError, isOutage } from "../../../src/domain/errors.ts";
import type { DyingTables } from "../../contracts/table-storage/cuts/dying.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Random } from "./random.ts";
import type { Actor, Call, Turns } from "./turns.ts";

/** How likely each is, for each verb. */
export interface Mishaps {
  readonly death: number;
  readonly outage: number;
}

export const NO_MISHAPS: Mishaps = { death: 0, outage: 0 };

export interface Surroundings {
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly cut: DyingTables["cut"];
  readonly turns: Pick<Turns, "note">;
}

type Act = (call: Call, mishaps: Mishaps) => Promise<unknown>;

export function createAct({ random, chronicle, cut, turns }: Surroundings): Act {
  const failedLast = new WeakMap<Actor, string>();

  const befalls = ({ actor, verb }: Call, { death, outage }: Mishaps) => {
    const roll = random.next();
    if (roll < death) return "dies";
    // Not twice in a row: who repeats a verb pauses longer and longer.
    const again = failedLast.get(actor) === verb;
    failedLast.delete(actor);
    if (roll >= death + outage || again) return undefined;
    failedLast.set(actor, verb);
    return "is told of an outage";
  };

  /** Answers after how much of it: a verb of the tables may be cut in its middle. */
  const runSome = async ({ verb, args, run }: Call): Promise<string> => {
    const after = random.pick([0, 0, 1, 1, 2, 3, 5, 8]) ?? 0;
    if (!verb.startsWith("tables.")) {
      if (after === 0) return "before";
      await chronicle.observe(verb, args, await run());
      return "after";
    }
    const outcome = await cut(after, run);
    if (outcome.died) await chronicle.observeCut(verb, args);
    else await chronicle.observe(verb, args, outcome.answer);
    return outcome.died ? `after ${after} documents of` : "after";
  };

  return async (call, mishaps) => {
    const { actor, verb, args, run } = call;
    const mishap = befalls(call, mishaps);
    if (!mishap) {
      const answer = await run();
      await chronicle.observe(verb, args, answer);
      return answer;
    }
    const when = await runSome(call);
    turns.note(`${actor.name} ${mishap} ${when} ${verb}`);
    if (mishap === "dies") {
      actor.die();
      return undefined;
    }
    throw new GridError("DEPENDENCY_UNAVAILABLE", `${actor.name} at ${verb}`);
  };
}

/** Repeats a step from its start while the store is away, as Temporal does with an activity. */
export async function persist<T>(step: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  }
}
