import { randomInt } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type NetConnectOpts } from "node:net";
import { reasonOf, StartError } from "./start-error.ts";

const HOST = "127.0.0.1";

/**
 * Free ports are looked for below those that the system gives to connections and to listeners that
 * ask for any: one of those could be gone before our child listens on it.
 */
const LOWEST = 10_240;
const HIGHEST = 32_767;
const TRIES = 100;

interface Held {
  readonly port: number;
  release(): Promise<void>;
}

/** A port that nobody else can take meanwhile. */
async function hold(port: number): Promise<Held> {
  const server = createServer().listen({ host: HOST, port, exclusive: true });
  await once(server, "listening");
  return {
    port,
    release: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

async function holdAny(): Promise<Held> {
  for (let tries = 1; ; tries++) {
    try {
      return await hold(randomInt(LOWEST, HIGHEST + 1));
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** One port to find: 0 = any free one. `flag` moves it elsewhere; one without may be any. */
export interface PortWish {
  readonly port: number;
  readonly flag?: string;
}

const refusal = ({ port, flag }: PortWish, why: string): StartError =>
  new StartError(
    `Port ${port} ${why}. Choose another one with ${flag}, or ${flag} 0 for any free one.`,
  );

const holdWish = (wish: PortWish): Promise<Held> =>
  (wish.port === 0 ? holdAny() : hold(wish.port)).catch((error: unknown) => {
    if (wish.flag === undefined) return holdAny();
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    throw refusal(
      wish,
      taken ? "is in use by another program" : `cannot be used: ${reasonOf(error)}`,
    );
  });

/** Two flags for one port would each be told that somebody else has it. */
function checkDifferent(wishes: readonly PortWish[]): void {
  const chosen = wishes.filter(({ port, flag }) => port !== 0 && flag !== undefined);
  for (const wish of chosen) {
    const first = chosen.find(({ port }) => port === wish.port) ?? wish;
    if (first !== wish) throw refusal(wish, `is that of ${first.flag} already`);
  }
}

/**
 * Ports that are free now, all different, in the order of the wishes.
 *
 * @throws {StartError} for taken ports that have flags, all at once.
 */
export async function findPorts(wishes: readonly PortWish[]): Promise<number[]> {
  checkDifferent(wishes);
  const outcomes = await Promise.allSettled(wishes.map(holdWish));
  const held = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  await Promise.all(held.map(({ release }) => release()));
  const refused = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  if (refused.length > 0) throw new StartError(refused.map(reasonOf).join("\n"));
  return held.map(({ port }) => port);
}

export const somebodyListens = (where: NetConnectOpts): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ ...where, timeout: 1_000 });
    const answer = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once("connect", () => answer(true));
    socket.once("timeout", () => answer(false));
    socket.once("error", () => answer(false));
  });
