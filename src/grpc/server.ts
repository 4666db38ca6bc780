// A gRPC server of the grid: the same middleware, limits and end for both planes.
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type Server } from "nice-grpc";
import { toListenError } from "../telemetry/listen-error.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { RpcMetrics } from "../telemetry/metrics.ts";
import { type Address, toTarget } from "./address.ts";
import { createCallMiddleware } from "./calls.ts";
import { createDrain, type DrainContext } from "./drain.ts";
import { addService, type ServedService } from "./service.ts";
import { openToEveryUser, removeStaleSocket } from "./socket-file.ts";
import "./stream-resets.ts";

export interface GridServer extends AsyncDisposable {
  /** Where it listens, with the port that was found when 0 was asked for. */
  readonly address: Address;
  /**
   * Refuses new calls, lets running ones finish within the grace delay, then closes.
   *
   * Disposal is the same; repeated calls share one end.
   */
  drain(): Promise<void>;
}

export interface GridServerOptions {
  readonly address: Address;
  /** Names the setting of the address, for the message when it is taken: `Submitter__Port`. */
  readonly setting: string;
  readonly services: readonly ServedService[];
  readonly log: Logger;
  readonly metrics: RpcMetrics;
  readonly graceDelayMs: number;
}

const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  // An event stream may say nothing for hours: pings keep it alive in load balancers (most cut
  // after 60 s or more) and find dead peers, whose streams would stay open for ever.
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 20_000,
  // Channelz must stay on: without it grpc-js 1.14 forgets its sessions, and forceShutdown() leaves
  // their calls open.
};

/** What closing connections may take after the last call has ended. */
const FLUSH_MS = 1_000;

/** Answers whether `work` was done in time. */
async function within(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(limitMs, false, { signal: timer.signal }).catch(() => false);
  const inTime = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return inTime;
}

async function listen(server: Server<DrainContext>, address: Address): Promise<Address> {
  if ("port" in address) return { ...address, port: await server.listen(toTarget(address)) };
  await removeStaleSocket(address.socket);
  await server.listen(toTarget(address));
  await openToEveryUser(address.socket);
  return address;
}

const nameOf = (address: Address): string =>
  "socket" in address ? address.socket : toTarget(address);

export async function openServer(options: GridServerOptions): Promise<GridServer> {
  const { setting, log, graceDelayMs } = options;
  const drain = createDrain();
  const { metrics } = options;
  const server = createServer(CHANNEL_OPTIONS).use(createCallMiddleware({ drain, metrics, log }));
  for (const service of options.services) addService(server, service);
  const address = await listen(server, options.address).catch((error: unknown) => {
    throw toListenError({ name: nameOf(options.address), setting }, error);
  });
  log.info({ address: nameOf(address) }, "grpc server listens");

  const close = async (): Promise<void> => {
    drain.begin();
    const finished = await within(drain.idle(), graceDelayMs);
    if (!finished) log.warn({ graceDelayMs }, "calls cut off at the end of the grace delay");
    else await within(server.shutdown(), FLUSH_MS);
    server.forceShutdown();
    log.info({ address: nameOf(address) }, "grpc server closed");
  };

  let closing: Promise<void> | undefined;
  const end = (): Promise<void> => {
    closing ??= close();
    return closing;
  };
  return { address, drain: end, [Symbol.asyncDispose]: end };
}
