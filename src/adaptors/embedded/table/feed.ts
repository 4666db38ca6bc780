// The change feed: an append-only table, read by sequence number.
//
//   F1. A subscription starts at the last number that is on record when it opens. One writer at a
//       time appends, so numbers become visible in their order.
//   F3. Numbers have no gaps. One that is missing was swept: whoever needs it is told.
//   P1. One poller serves all subscriptions of the process, and runs only while there are any. A
//       notifier wakes it; the timer is for notices that got lost.
import { GridError } from "../../../domain/errors.ts";
import type { SessionId } from "../../../domain/ids.ts";
import type { Change, ChangeFeed } from "../../ports/table/feed.ts";
import { createSubscription, type Subscription } from "./feed/subscription.ts";
import type { Store } from "./store.ts";

const LAST = "SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = 'changes'";
const AFTER = "SELECT seq, session_id, body FROM changes WHERE seq > ? ORDER BY seq LIMIT ?";

/** Rows of one read; each may hold the changes of a bulk verb. */
const SLICE = 32;
const LOOK_MS = 200;

interface ChangeRow {
  readonly seq: number;
  readonly session_id: SessionId;
  readonly body: string;
}

export const changeFeed = (store: Store): ChangeFeed & Disposable => {
  const subscriptions = new Map<SessionId, Set<Subscription>>();
  let position = 0;
  let polling = false;
  let notified = false;
  let stop: (() => void) | undefined;

  const last = (): number => (store.sql(LAST).get() as { seq: number }).seq;

  const failAll = (error: Error): void => {
    for (const some of [...subscriptions.values()]) for (const one of [...some]) one.end(error);
  };

  const deliver = ({ session_id, body }: ChangeRow): void => {
    const readers = subscriptions.get(session_id);
    if (!readers) return;
    const changes = JSON.parse(body) as readonly Change[];
    for (const reader of readers) reader.push(changes);
  };

  /** Answers whether there may be more. */
  const readOn = (): boolean => {
    // Before the rows: what is written between the two statements is then no gap.
    const end = last();
    const rows = store.sql(AFTER).all(position, SLICE) as unknown as ChangeRow[];
    const [first] = rows;
    const swept = first ? first.seq !== position + 1 : end !== position;
    if (swept) throw new Error("the change feed was swept past its reader");
    rows.forEach(deliver);
    position = rows.at(-1)?.seq ?? position;
    return rows.length === SLICE;
  };

  const poll = async (): Promise<void> => {
    notified = true;
    if (polling) return;
    polling = true;
    try {
      while (notified && subscriptions.size > 0) {
        notified = false;
        while (await store.read(readOn));
      }
    } catch (error) {
      failAll(error as Error);
    } finally {
      polling = false;
    }
  };

  const look = (): void => void poll();

  const start = (): void => {
    position = last();
    const timer = setInterval(look, LOOK_MS).unref();
    const stopListening = store.listen("changes", look);
    stop = () => {
      clearInterval(timer);
      stopListening();
      stop = undefined;
    };
  };

  const subscribe = (sessionId: SessionId, wanted?: (change: Change) => boolean): Subscription => {
    if (!stop) start();
    const readers = subscriptions.get(sessionId) ?? new Set();
    subscriptions.set(sessionId, readers);
    const subscription = createSubscription(wanted, () => {
      readers.delete(subscription);
      if (readers.size === 0) subscriptions.delete(sessionId);
      if (subscriptions.size === 0) stop?.();
    });
    readers.add(subscription);
    return subscription;
  };

  return {
    open: async (sessionId, signal, wanted) => {
      const subscription = await store.read(() => subscribe(sessionId, wanted));
      const abort = () => subscription.end();
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
      return subscription;
    },
    onProgress: (listener) => store.listen("progress", listener),
    [Symbol.dispose]() {
      failAll(new GridError("ADAPTOR_CLOSED", "change feed"));
    },
  };
};
