import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { reasonOf, StartError } from "./start-error.ts";

const HOST = "127.0.0.1";

async function hold(port: number) {
  const server = createServer().listen({ host: HOST, port, exclusive: true });
  await once(server, "listening");
  const { port: held } = server.address() as AddressInfo;
  return {
    port: held,
    release: async (): Promise<void> => {
      server.close();
      await once(server, "close");
    },
  };
}

/** One port to find: 0 = any free one. `flag` moves it elsewhere; one without may be any. */
export interface PortWish {
  readonly port: number;
  readonly flag?: string;
}

const holdWish = ({ port, flag }: PortWish) =>
  hold(port).catch((error: unknown) => {
    if (flag === undefined) return hold(0);
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    const why = taken ? "is in use by another program" : `cannot be used: ${reasonOf(error)}`;
    throw new StartError(
      `Port ${port} ${why}. Choose another one with ${flag}, or ${flag} 0 for any free one.`,
    );
  });

/**
 * Ports that are free now, all different, in the order of the wishes.
 *
 * @throws {StartError} for a taken port that has a flag.
 */
export async function findPorts(wishes: readonly PortWish[]): Promise<number[]> {
  const outcomes = await Promise.allSettled(wishes.map(holdWish));
  const held = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  await Promise.all(held.map(({ release }) => release()));
  for (const one of outcomes) if (one.status === "rejected") throw one.reason;
  return held.map(({ port }) => port);
}

/** Answers at once whether a connection is accepted. */
export const somebodyListens = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const answer = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once("connect", () => answer(true));
    socket.once("timeout", () => answer(false));
    socket.once("error", () => answer(false));
  });
