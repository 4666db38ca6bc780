// A server of the grid with the smallest services there are, and clients for it.
import { Writable } from "node:stream";
import { type Channel, createChannel, createClient } from "nice-grpc";
import { onTestFinished } from "vitest";
import { EventSubscriptionResponse } from "../../src/gen/events_common.ts";
import {
  EventsDefinition,
  type EventsServiceImplementation,
} from "../../src/gen/events_service.ts";
import { ListVersionsResponse } from "../../src/gen/versions_common.ts";
import {
  VersionsDefinition,
  type VersionsServiceImplementation,
} from "../../src/gen/versions_service.ts";
import { type Address, toTarget } from "../../src/grpc/address.ts";
import type { DrainContext } from "../../src/grpc/drain.ts";
import { type GridServerOptions, openServer } from "../../src/grpc/server.ts";
import { serve as toServed } from "../../src/grpc/service.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

type Versions = VersionsServiceImplementation<DrainContext>["listVersions"];
type Events = EventsServiceImplementation<DrainContext>["getEvents"];

const silence: Events = async function* () {};

/** Opens a server whose `ListVersions` and `GetEvents` are the given functions. */
export async function serve(
  { versions, events = silence }: { versions: Versions; events?: Events },
  options: Partial<GridServerOptions> = {},
) {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const metrics = createMetrics();
  const server = await openServer({
    address: { host: "127.0.0.1", port: 0 },
    setting: "Submitter__Port",
    log: createLogger({ level: "debug", role: "test", stream }),
    metrics: metrics.rpc,
    graceDelayMs: 5_000,
    services: [
      toServed(VersionsDefinition, {
        listVersions: async (request, context) =>
          ListVersionsResponse.fromPartial(await versions(request, context)),
      }),
      toServed(EventsDefinition, {
        async *getEvents(request, context) {
          for await (const event of events(request, context))
            yield EventSubscriptionResponse.fromPartial(event);
        },
      }),
    ],
    ...options,
  });
  onTestFinished(() => server.drain());
  return { server, lines, registry: metrics.registry, ...connect(server.address) };
}

/** Clients of the two services, on a connection of their own. */
export function connect(address: Address) {
  const channel: Channel = createChannel(toTarget(address));
  onTestFinished(() => channel.close());
  return {
    versions: createClient(VersionsDefinition, channel),
    events: createClient(EventsDefinition, channel),
  };
}

export const EVENTS = { sessionId: "s", taskFilters: undefined, resultFilters: undefined };
