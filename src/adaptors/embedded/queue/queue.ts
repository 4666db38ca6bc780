import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { GridError } from "../../../domain/errors.ts";
import type { Delivery, Message, QueueStorage } from "../../ports/queue.ts";
import { openDatabase } from "../database/database.ts";
import { type Notifier, openNotifier } from "../notifier.ts";
import { toOutage } from "../outage.ts";
import { createMessages, SCHEMA } from "./messages.ts";
import { createReceivers, type Receivers } from "./receivers.ts";

/** The queue of one machine: `queue.db` in the data folder, and a notifier for each partition. */
export function openEmbeddedQueue(path: string): QueueStorage {
  mkdirSync(path, { recursive: true });
  const file = join(path, "queue.db");
  const db = openDatabase({ file, schema: SCHEMA, durability: "NORMAL" });
  const messages = createMessages(db);
  const notifiers = new Map<string, Notifier>();
  const receivers = new Map<string, Receivers>();
  /** Delivered and not acknowledged, by receipt. */
  const held = new Map<string, Message>();
  let deliveries = 0;
  let closed = false;

  const notifierOf = (partition: string): Notifier => {
    let notifier = notifiers.get(partition);
    if (!notifier) {
      try {
        notifier = openNotifier(path, `queue-${partition}`);
      } catch (error) {
        throw toOutage("queue", error);
      }
      notifiers.set(partition, notifier);
    }
    return notifier;
  };
  const notify = (published: readonly Message[]): void => {
    for (const partition of new Set(published.map(({ partitionId }) => partitionId))) {
      notifierOf(partition).notify();
    }
  };
  const deliver = (message: Message): Delivery => {
    const receipt = String(++deliveries);
    held.set(receipt, message);
    return { message, receipt };
  };
  const receiversOf = (partition: string): Receivers => {
    let waiting = receivers.get(partition);
    if (!waiting) {
      const notifier = notifierOf(partition);
      waiting = createReceivers({ partition, messages, notifier, deliver });
      receivers.set(partition, waiting);
    }
    return waiting;
  };
  const refuse = () => new GridError("ADAPTOR_CLOSED", file);
  const checkOpen = (): void => {
    if (closed) throw refuse();
  };

  return {
    async publish(published) {
      checkOpen();
      await messages.publish(published);
      // Disposed meanwhile: other processes find it by their timers.
      if (!closed) notify(published);
    },
    async receive(partition, max, signal) {
      checkOpen();
      if (signal.aborted || max < 1) return [];
      return receiversOf(partition).join(max, signal);
    },
    async ack(acknowledged) {
      checkOpen();
      for (const { receipt } of acknowledged) held.delete(receipt);
    },
    depth: async (partition) => ({ waiting: await messages.count(partition) }),
    ping: () => messages.ping(),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      db.hurry();
      await Promise.all([...receivers.values()].map((waiting) => waiting.close(refuse())));
      const unacknowledged = [...held.values()];
      try {
        await messages.publish(unacknowledged);
        notify(unacknowledged);
      } finally {
        for (const notifier of notifiers.values()) notifier[Symbol.dispose]();
        await db[Symbol.asyncDispose]();
      }
    },
  };
}
