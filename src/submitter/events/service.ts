// Streams what happens in a session.
//
//   EV1. No gap: the feed is open before the snapshot is read.
//   EV2. Never ends with OK, which clients take for "all is there": the caller goes, or UNAVAILABLE
//       makes them subscribe again.
//   EV3. An outage is told after a pause: the waits of the SDKs subscribe again at once and for ever, a
//       thousand times a second.
//   EV4. Nothing is queued here: changes are taken from the feed at the pace of the caller, and the
//       feed ends a subscription that falls too far behind.
import { setTimeout as sleep } from "node:timers/promises";
import type { CallContext } from "nice-grpc";
import type { Change, TableStorage } from "../../adaptors/table-storage.ts";
import { GridError } from "../../domain/errors.ts";
import type {
  EventSubscriptionResponse as Event,
  EventSubscriptionRequest,
} from "../../gen/events_common.ts";
import type { EventsDefinition } from "../../gen/events_service.ts";
import type { DrainContext } from "../../grpc/drain.ts";
import { sendHeaders } from "../../grpc/headers.ts";
import type { Service } from "../../grpc/service.ts";
import type { Grid } from "../grid.ts";
import { isWanted, toEvents } from "./live.ts";
import { readSnapshot } from "./snapshot.ts";
import { type Subscription, toSubscription } from "./subscription.ts";

async function* follow(
  tables: TableStorage,
  subscription: Subscription,
  feed: AsyncIterable<readonly Change[]>,
): AsyncIterable<Event> {
  for await (const events of readSnapshot(tables, subscription)) yield* events;
  for await (const changes of feed) yield* await toEvents(tables, subscription, changes);
}

const PAUSE_MS = 1_000;

const toRefusal = (cause: unknown): GridError =>
  cause instanceof GridError
    ? cause
    : new GridError("DEPENDENCY_UNAVAILABLE", "the feed of changes broke: subscribe again", {
        cause,
      });

/** Why a stream ended that never ends by itself; after a pause (EV3) unless `gone` cuts it short. */
async function reasonOf(
  { signal, draining }: CallContext & DrainContext,
  gone: AbortSignal,
  cause?: unknown,
): Promise<unknown> {
  const refusal = toRefusal(cause);
  if (refusal.code === "DEPENDENCY_UNAVAILABLE")
    await sleep(PAUSE_MS, undefined, { signal: gone }).catch(() => {});
  if (signal.aborted) return signal.reason;
  return draining.aborted ? new GridError("DRAINING", "subscribe again") : refusal;
}

async function* getEvents(
  { tables }: Grid["stores"],
  request: EventSubscriptionRequest,
  context: CallContext & DrainContext,
): AsyncIterable<Event> {
  const subscription = toSubscription(request);
  const end = new AbortController();
  const stop = () => end.abort();
  const { signal, draining } = context;
  for (const source of [signal, draining])
    source.addEventListener("abort", stop, { signal: end.signal });
  try {
    const feed = await tables.feed.open(subscription.sessionId, end.signal, (change) =>
      isWanted(subscription, change),
    );
    sendHeaders(context);
    yield* follow(tables, subscription, feed);
  } catch (error) {
    throw await reasonOf(context, end.signal, error);
  } finally {
    stop();
  }
  throw await reasonOf(context, end.signal);
}

export const eventsService = ({ stores }: Grid): Service<EventsDefinition> => ({
  getEvents: (request, context) => getEvents(stores, request, context),
});
