// Where the receivers of one partition wait, in this process.
//
//   EW1. Whoever waits is served in the order of arrival, all in one write transaction.
//   EW2. An empty queue costs reads only: one a notify, one a look of the timer.
//   EW3. What was taken for a receiver that has left in the meantime is put back.

import type { Delivery, Message } from "../../ports/queue.ts";
import type { Notifier } from "../notifier.ts";
import type { Messages } from "./messages.ts";

/** Notices can get lost, so receivers also look by themselves. */
const LOOK_MS = 250;

interface Waiter {
  max: number;
  resolve: (deliveries: Delivery[]) => void;
  reject: (reason: unknown) => void;
}

export interface Receivers {
  join(max: number, signal: AbortSignal): Promise<Delivery[]>;
  /** Sends everybody home with `reason`; resolves when nothing is being taken any more. */
  close(reason: unknown): Promise<void>;
}

export interface ReceiversOptions {
  partition: string;
  messages: Messages;
  notifier: Notifier;
  /** Called at the moment that a receiver gets the message. */
  deliver: (message: Message) => Delivery;
}

export function createReceivers(options: ReceiversOptions): Receivers {
  const { partition, messages, notifier, deliver } = options;
  const waiters = new Set<Waiter>();
  let serving = Promise.resolve();
  let busy = false;
  let notified = false;
  let timer: NodeJS.Timeout | undefined;

  const takeForAll = (): Promise<[Waiter, Message[]][]> =>
    messages.take(partition, (takeUpTo) => {
      const served: [Waiter, Message[]][] = [];
      for (const waiter of waiters) {
        const taken = takeUpTo(waiter.max);
        if (taken.length === 0) break;
        served.push([waiter, taken]);
      }
      return served;
    });

  const serveOnce = async (): Promise<void> => {
    if (!(await messages.hasSome(partition))) return;
    const left: Message[] = [];
    for (const [waiter, taken] of await takeForAll()) {
      if (waiters.delete(waiter)) waiter.resolve(taken.map(deliver));
      else left.push(...taken);
    }
    await messages.publish(left);
  };

  const rejectAll = (reason: unknown): void => {
    for (const waiter of waiters) waiter.reject(reason);
    waiters.clear();
  };

  const serveUntilQuiet = async (): Promise<void> => {
    busy = true;
    try {
      do {
        notified = false;
        await serveOnce();
      } while (notified && waiters.size > 0);
    } catch (error) {
      rejectAll(error);
    }
    busy = false;
    clearTimeout(timer);
    if (waiters.size > 0) timer = setTimeout(serve, LOOK_MS);
  };

  const serve = (): void => {
    if (waiters.size === 0) return;
    if (busy) notified = true;
    else serving = serveUntilQuiet();
  };

  const stopListening = notifier.listen(serve);

  return {
    join(max, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Delivery[]>();
      const waiter = { max, resolve, reject };
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
