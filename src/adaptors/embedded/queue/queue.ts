import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { GridError } from "../../../domain/errors.ts";
import { agentId } from "../../../domain/ids.ts";
import type { Delivery, QueueStorage } from "../../ports/queue.ts";
import { openDatabase } from "../database/database.ts";
import { type Notifier, openNotifier } from "../notifier.ts";
import { toOutage } from "../outage.ts";
import { createMessages, SCHEMA } from "./messages.ts";
import { createReceivers, type Receivers } from "./receivers.ts";

export interface EmbeddedQueueOptions {
  path: string;
  visibilityMs: number;
}

/** The queue of one machine: `queue.db` in the data folder, and a notifier for each partition. */
export function openEmbeddedQueue({ path, visibilityMs }: EmbeddedQueueOptions): QueueStorage {
  mkdirSync(path, { recursive: true });
  const file = join(path, "queue.db");
  const db = openDatabase({ file, schema: SCHEMA, durability: "NORMAL" });
  const messages = createMessages(db);
  const notifiers = new Map<string, Notifier>();
  const receivers = new Map<string, Receivers>();
  const held = new Map<string, Delivery>();
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
  const receiversOf = (partition: string): Receivers => {
    let room = receivers.get(partition);
    if (!room) {
      const notifier = notifierOf(partition);
      room = createReceivers({ partition, messages, notifier, visibilityMs, hold });
      receivers.set(partition, room);
    }
    return room;
  };
  const notify = (partitions: Iterable<string>): void => {
    // After disposal there is nobody to tell but other processes, whose timers do.
    if (!closed) for (const partition of partitions) notifierOf(partition).notify();
  };
  const partitionsOf = (deliveries: readonly Delivery[]) =>
    new Set(deliveries.map(({ message }) => message.partitionId));
  const hold = (deliveries: readonly Delivery[]): void => {
    for (const delivery of deliveries) held.set(delivery.receipt, delivery);
  };
  const drop = (deliveries: readonly Delivery[]): void => {
    for (const { receipt } of deliveries) held.delete(receipt);
  };
  const refuse = () => new GridError("ADAPTOR_CLOSED", file);

  return {
    async publish(published) {
      await messages.publish(published);
      notify(new Set(published.map(({ partitionId }) => partitionId)));
    },
    async receive(partition, max, signal, receiver = agentId("")) {
      if (closed) throw refuse();
      if (signal.aborted || max < 1) return [];
      return receiversOf(partition).join(max, signal, receiver);
    },
    async ack(deliveries) {
      drop(deliveries);
      await messages.ack(deliveries);
    },
    async release(deliveries, delayMs = 0) {
      drop(deliveries);
      await messages.giveBack(deliveries, delayMs > 0 ? Date.now() + delayMs : 0);
      notify(partitionsOf(deliveries));
    },
    async releaseAll(receiver) {
      notify(await messages.giveBackAll(receiver));
    },
    depth: (partition) => messages.depth(partition, Date.now()),
    purge: (partition) => messages.purge(partition),
    ping: () => messages.ping(),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      db.hurry();
      await Promise.all([...receivers.values()].map((room) => room.close(refuse())));
      const unsettled = [...held.values()];
      try {
        await messages.giveBack(unsettled);
        for (const partition of partitionsOf(unsettled)) notifierOf(partition).notify();
      } finally {
        for (const notifier of notifiers.values()) notifier[Symbol.dispose]();
        await db[Symbol.asyncDispose]();
      }
    },
  };
}
