/**
 * Stores as if they were a network away: what of their work happens one after the other.
 *
 * Wraps real stores. While `measure` runs, calls wait until nobody has anything else to do; then
 * all that wait are made together, and answered together. That is one round trip, whatever the
 * stores need for it here: no clock is looked at. Not counted: lists that are empty, which a port
 * answers by itself; waiting for messages or changes, which has no end of its own; disposal.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Stores } from "../../src/lifecycle/stores.ts";

type Ports = Pick<Stores, "tables" | "objects" | "queue">;

/** What one measured piece of work asked of the stores: for each round trip the calls in it. */
export type RoundTrips = readonly (readonly string[])[];

export const atMost =
  (limit: number) =>
  (trips: RoundTrips): boolean =>
    trips.length <= limit;

export interface CountedStores<S extends Ports> {
  readonly stores: S;
  /** One measurement at a time; what others ask of these stores meanwhile counts, too. */
  measure(work: () => Promise<unknown>): Promise<RoundTrips>;
}

/** Makes a call, sooner or later. */
type Hold = <T>(name: string, call: () => Promise<T>) => Promise<T>;

const WAITING = new Set(["queue.receive", "feed.open", "feed.onProgress"]);
/** Their first page, or chunk, is a call; of what comes in pages, each further one, too. */
const STREAMS = new Map([
  ["objects.get", { paged: false }],
  ["tasks.walk", { paged: true }],
  ["results.walk", { paged: true }],
]);
/** An empty filter is no empty list. */
const FILTERED = new Set(["tasks.countByStatus"]);
/** Turns of the event loop without a new call, after which nobody has anything else to do. */
const QUIET_TURNS = 25;

export function countRoundTrips<S extends Ports>(stores: S): CountedStores<S> {
  let trips: string[][] | undefined;
  let waiting: { readonly name: string; readonly make: () => Promise<() => void> }[] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      let known = 0;
      for (let quiet = 0; quiet < QUIET_TURNS; quiet = waiting.length > known ? 0 : quiet + 1) {
        known = waiting.length;
        await nextTurn();
      }
      const together = waiting;
      waiting = [];
      trips?.push(together.map(({ name }) => name));
      const answers = await Promise.all(together.map(({ make }) => make()));
      for (const answer of answers) answer();
      await nextTurn();
    }
    running = undefined;
  };

  const hold: Hold = (name, call) => {
    if (trips === undefined) return call();
    return new Promise((resolve, reject) => {
      const make = () =>
        call().then(
          (value) => () => resolve(value),
          (error: unknown) => () => reject(error),
        );
      waiting.push({ name, make });
      running ??= run();
    });
  };

  return {
    stores: wrapAll(stores, hold),
    async measure(work) {
      const counted: string[][] = [];
      trips = counted;
      try {
        await work();
        await running;
      } finally {
        trips = undefined;
      }
      return counted;
    },
  };
}

/** The same stores, each call `latencyMs` later: what a network would cost. */
export const delayRoundTrips = <S extends Ports>(stores: S, latencyMs: number): S =>
  wrapAll(stores, async (_, call) => {
    await sleep(latencyMs);
    return await call();
  });

const wrapAll = <S extends Ports>(stores: S, hold: Hold): S => ({
  ...stores,
  tables: wrap(stores.tables, "", hold),
  objects: wrap(stores.objects, "objects.", hold),
  queue: wrap(stores.queue, "queue.", hold),
});

function wrap<Port extends object>(port: Port, prefix: string, hold: Hold): Port {
  const wrapped = new Map<string, unknown>();
  const memberOf = (key: string, member: unknown): unknown => {
    const name = `${prefix}${key}`;
    if (typeof member === "function") return wrapVerb(name, member.bind(port), hold);
    return typeof member === "object" && member ? wrap(member, `${name}.`, hold) : member;
  };
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof key === "symbol")
        return typeof member === "function" ? member.bind(target) : member;
      if (!wrapped.has(key)) wrapped.set(key, memberOf(key, member));
      return wrapped.get(key);
    },
  });
}

type Verb = (...args: readonly unknown[]) => unknown;

function wrapVerb(name: string, verb: Verb, hold: Hold): Verb {
  const stream = STREAMS.get(name);
  if (WAITING.has(name)) return verb;
  if (stream) return (...args) => readThrough(name, verb(...args), { ...stream, hold });
  return (...args) => {
    const [list] = args;
    const isEmpty = Array.isArray(list) && list.length === 0 && !FILTERED.has(name);
    const call = async () => verb(...args);
    return isEmpty ? call() : hold(name, call);
  };
}

async function* readThrough(
  name: string,
  stream: unknown,
  { paged, hold }: { paged: boolean; hold: Hold },
): AsyncIterable<unknown> {
  const pages = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  for (let isCall = true; ; isCall = paged) {
    const next = () => pages.next();
    const { done, value } = await (isCall ? hold(name, next) : next());
    if (done) return;
    yield value;
  }
}
