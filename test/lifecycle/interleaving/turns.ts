// Several actors, one turn at a time: a turn is one verb of a store, and who is next is chance.
//
// Everything between two verbs is an actor's own memory. A dead actor is one whose turn never comes
// again: before the verb that it waited for, after it and before it heard the answer, or in its
// middle, if that is cut there (mishaps.ts).
import { setImmediate as nextTurn } from "node:timers/promises";
import { inPieces, isNothing } from "./pieces.ts";
import type { Random } from "./random.ts";

export interface Actor {
  readonly name: string;
  readonly alive: boolean;
  /** Gets no turn while it is, and knows nothing of it: a stopped process. */
  frozen: boolean;
  /** At once, also in the middle of its turn. */
  die(): void;
  /** Waits for its turn, then acts. Never settles once the actor is dead. */
  turn<T>(what: string, act: () => Promise<T>): Promise<T>;
}

export interface Role {
  readonly name: string;
  readonly play: (actor: Actor) => Promise<void>;
  /** Dies after so many turns; never, if absent. */
  readonly dies?: number | undefined;
}

interface Waiting {
  readonly actor: MutableActor;
  readonly what: string;
  readonly take: () => Promise<void>;
}

interface MutableActor extends Actor {
  alive: boolean;
  turns: number;
}

export interface Turns {
  enter(role: Role): Actor;
  /** Gives turns, at most so many, until nobody waits for one; rejects with what an actor threw. */
  play(atMost?: number): Promise<void>;
  /** Who did what, in order. */
  readonly trace: readonly string[];
  /** Adds to the trace. */
  note(what: string): void;
}

/** An actor that goes on does so within a few turns of the event loop: it waits for nothing else. */
const LOOP_TURNS = 3;

export function createTurns(random: Random): Turns {
  const waiting: Waiting[] = [];
  const trace: string[] = [];
  let failure: { readonly error: unknown } | undefined;

  const turnOf =
    (actor: MutableActor): Actor["turn"] =>
    (what, act) =>
      new Promise((resolve, reject) => {
        if (!actor.alive) return;
        const heard =
          <A>(settle: (answer: A) => void) =>
          (answer: A): void => {
            if (actor.alive) settle(answer);
          };
        const take = () => act().then(heard(resolve), heard(reject));
        waiting.push({ actor, what, take });
      });

  const kill = (actor: MutableActor): void => {
    if (!actor.alive) return;
    actor.alive = false;
    trace.push(`${actor.name} dies`);
    const others = waiting.filter((one) => one.actor !== actor);
    waiting.splice(0, waiting.length, ...others);
  };

  return {
    trace,
    note: (what) => void trace.push(what),
    enter({ name, play, dies }) {
      const actor: MutableActor = {
        name,
        alive: true,
        frozen: false,
        turns: dies ?? Infinity,
        turn: undefined as never,
        die: () => kill(actor),
      };
      Object.assign(actor, { turn: turnOf(actor) });
      play(actor).catch((error: unknown) => {
        failure ??= { error };
      });
      if (dies === 0) kill(actor);
      return actor;
    },
    async play(atMost = Infinity) {
      for (let given = 0; given < atMost; given += 1) {
        for (let i = 0; i < LOOP_TURNS; i += 1) await nextTurn();
        if (failure) throw failure.error;
        const next = random.pick(waiting.filter(({ actor }) => !actor.frozen));
        if (!next) return;
        waiting.splice(waiting.indexOf(next), 1);
        const { actor, what, take } = next;
        trace.push(`${actor.name} ${what}`);
        actor.turns -= 1;
        // The verb is carried out; whether its actor hears of it is another matter.
        if (actor.turns <= 0) kill(actor);
        await take();
      }
    },
  };
}

/** A verb that an actor calls. */
export interface Call {
  readonly actor: Actor;
  readonly verb: string;
  readonly args: readonly unknown[];
  readonly run: () => Promise<unknown>;
}

export interface Acting {
  readonly actor: Actor;
  readonly random: Random;
  /** Runs the verb in the actor's turn. */
  readonly act: (call: Call) => Promise<unknown>;
}

/** The same object, each of whose verbs waits for the actor's turn. */
export function inTurns<T extends object>(target: T, acting: Acting, path = ""): T {
  const { actor, random, act } = acting;
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key);
      const verb = path ? `${path}.${String(key)}` : String(key);
      if (typeof value === "function") {
        return (...given: unknown[]) =>
          inPieces(random, verb, given, (args) => {
            const run = async () => await value.apply(object, args);
            if (isNothing(args)) return run();
            return actor.turn(verb, () => act({ actor, verb, args, run }));
          });
      }
      return typeof value === "object" && value !== null ? inTurns(value, acting, verb) : value;
    },
  });
}
