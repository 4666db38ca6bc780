// Where the receivers of one partition wait, in this process.
//
//   W1. Whoever waits is served in the order of arrival, all in one write transaction.
//   W2. An empty queue costs reads only: one a notify, one a look of the timer.
//   W3. What was taken for a receiver that has left in the meantime is given back.

import type { Delivery } from "../../ports/queue.ts";
import type { Notifier } from "../notifier.ts";
import type { Messages } from "./messages.ts";

/** Rings can get lost, so a waiting room also looks by itself. */
const LOOK_MS = 250;

interface Waiter {
  max: number;
  receiver: string;
  resolve: (deliveries: Delivery[]) => void;
  reject: (reason: unknown) => void;
}

export interface Receivers {
  join(max: number, signal: AbortSignal, receiver: string): Promise<Delivery[]>;
  /** Sends everybody home with `reason`; resolves when nothing is being taken any more. */
  close(reason: unknown): Promise<void>;
}

export interface ReceiversOptions {
  partition: string;
  messages: Messages;
  notifier: Notifier;
  visibilityMs: number;
  /** Told of all deliveries at the moment that a receiver gets them. */
  hold: (deliveries: readonly Delivery[]) => void;
}

export function createReceivers(options: ReceiversOptions): Receivers {
  const { partition, messages, notifier, visibilityMs, hold } = options;
  const waiters = new Set<Waiter>();
  let serving = Promise.resolve();
  let busy = false;
  let rung = false;
  let timer: NodeJS.Timeout | undefined;

  const takeForAll = (): Promise<[Waiter, Delivery[]][]> => {
    const now = Date.now();
    return messages.take(partition, { now, until: now + visibilityMs }, (takeUpTo) => {
      const served: [Waiter, Delivery[]][] = [];
      for (const waiter of waiters) {
        const deliveries = takeUpTo(waiter.max, waiter.receiver);
        if (deliveries.length === 0) break;
        served.push([waiter, deliveries]);
      }
      return served;
    });
  };

  /** Answers when to look again. */
  const serveOnce = async (): Promise<number> => {
    const now = Date.now();
    const { ready, due } = await messages.look(partition, now);
    if (!ready) return Math.min(LOOK_MS, Math.max(1, (due ?? Infinity) - now));
    for (const [waiter, deliveries] of await takeForAll()) {
      if (waiters.delete(waiter)) {
        hold(deliveries);
        waiter.resolve(deliveries);
      } else {
        await messages.giveBack(deliveries);
      }
    }
    return LOOK_MS;
  };

  const rejectAll = (reason: unknown): void => {
    for (const waiter of waiters) waiter.reject(reason);
    waiters.clear();
  };

  const serveUntilQuiet = async (): Promise<void> => {
    let lookMs = LOOK_MS;
    busy = true;
    try {
      do {
        rung = false;
        lookMs = await serveOnce();
      } while (rung && waiters.size > 0);
    } catch (error) {
      rejectAll(error);
    }
    busy = false;
    clearTimeout(timer);
    if (waiters.size > 0) timer = setTimeout(serve, lookMs);
  };

  const serve = (): void => {
    if (waiters.size === 0) return;
    if (busy) rung = true;
    else serving = serveUntilQuiet();
  };

  const stopListening = notifier.listen(serve);

  return {
    join(max, signal, receiver) {
      const { promise, resolve, reject } = Promise.withResolvers<Delivery[]>();
      const waiter = { max, receiver, resolve, reject };
      const leave = (): void => {
        if (waiters.delete(waiter)) resolve([]);
      };
      signal.addEventListener("abort", leave, { once: true });
      waiters.add(waiter);
      serve();
      return promise.finally(() => signal.removeEventListener("abort", leave));
    },
    async close(reason) {
      stopListening();
      clearTimeout(timer);
      rejectAll(reason);
      await serving;
    },
  };
}
