import { join } from "node:path";
import { GridError } from "../../../domain/errors.ts";
import type { Clients } from "../../clients.ts";
import type { Delivery, Message, QueueStorage } from "../../ports/queue.ts";
import { openDatabase } from "../database/database.ts";
import { shareFolder } from "../folder.ts";
import type { Notifier } from "../notifier.ts";
import { toOutage } from "../outage.ts";
import { createMessages, SCHEMA } from "./messages.ts";
import { createReceivers, type Receivers } from "./receivers.ts";

/** The queue of one machine: `queue.db` in the data folder, and a notifier for each partition. */
export async function openEmbeddedQueue(
  clients: Clients,
  { path }: { path: string },
): Promise<QueueStorage> {
  const folder = await shareFolder(clients, path);
  const file = join(path, "queue.db");
  const db = openDatabase({ file, schema: SCHEMA, durability: "NORMAL" });
  const messages = createMessages(db);
  const receivers = new Map<string, Receivers>();
  /** Delivered and not acknowledged, by receipt. */
  const held = new Map<string, Message>();
  let deliveries = 0;
  let closed = false;

  const notifierOf = (partition: string): Notifier => {
    try {
      return folder.notifier(`queue-${partition}`);
    } catch (error) {
      throw toOutage("queue", error);
    }
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
        await db[Symbol.asyncDispose]();
      }
    },
  };
}
