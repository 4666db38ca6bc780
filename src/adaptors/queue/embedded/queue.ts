import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { GridError } from "../../../domain/errors.ts";
import { agentId } from "../../../domain/ids.ts";
import { type Bell, openBell } from "../../embedded/bell.ts";
import { openDatabase } from "../../embedded/database.ts";
import { toOutage } from "../../embedded/outage.ts";
import type { Delivery, QueueStorage } from "../port.ts";
import { createMessages, SCHEMA } from "./messages.ts";
import { createWaitingRoom, type WaitingRoom } from "./waiting-room.ts";

export interface EmbeddedQueueOptions {
  path: string;
  visibilityMs: number;
}

/** The queue of one machine: `queue.db` in the data folder, and a bell for each partition. */
export function openEmbeddedQueue({ path, visibilityMs }: EmbeddedQueueOptions): QueueStorage {
  mkdirSync(path, { recursive: true });
  const file = join(path, "queue.db");
  const db = openDatabase({ file, schema: SCHEMA, durability: "NORMAL" });
  const messages = createMessages(db);
  const bells = new Map<string, Bell>();
  const rooms = new Map<string, WaitingRoom>();
  const held = new Map<string, Delivery>();
  let closed = false;

  const bellOf = (partition: string): Bell => {
    let bell = bells.get(partition);
    if (!bell) {
      try {
        bell = openBell(path, `queue-${partition}`);
      } catch (error) {
        throw toOutage("queue", error);
      }
      bells.set(partition, bell);
    }
    return bell;
  };
  const roomOf = (partition: string): WaitingRoom => {
    let room = rooms.get(partition);
    if (!room) {
      const bell = bellOf(partition);
      room = createWaitingRoom({ partition, messages, bell, visibilityMs, hold });
      rooms.set(partition, room);
    }
    return room;
  };
  const ring = (partitions: Iterable<string>): void => {
    // After disposal there is nobody to tell but other processes, whose timers do.
    if (!closed) for (const partition of partitions) bellOf(partition).ring();
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
      ring(new Set(published.map(({ partitionId }) => partitionId)));
    },
    async receive(partition, max, signal, receiver = agentId("")) {
      if (closed) throw refuse();
      if (signal.aborted || max < 1) return [];
      return roomOf(partition).join(max, signal, receiver);
    },
    async ack(deliveries) {
      drop(deliveries);
      await messages.ack(deliveries);
    },
    async release(deliveries, delayMs = 0) {
      drop(deliveries);
      await messages.giveBack(deliveries, delayMs > 0 ? Date.now() + delayMs : 0);
      ring(partitionsOf(deliveries));
    },
    async releaseAll(receiver) {
      ring(await messages.giveBackAll(receiver));
    },
    depth: (partition) => messages.depth(partition, Date.now()),
    purge: (partition) => messages.purge(partition),
    ping: () => messages.ping(),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      db.hurry();
      await Promise.all([...rooms.values()].map((room) => room.close(refuse())));
      const unsettled = [...held.values()];
      try {
        await messages.giveBack(unsettled);
        for (const partition of partitionsOf(unsettled)) bellOf(partition).ring();
      } finally {
        for (const bell of bells.values()) bell[Symbol.dispose]();
        await db[Symbol.asyncDispose]();
      }
    },
  };
}
