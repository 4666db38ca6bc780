import { expect, it, vi } from "vitest";
import type { QueueStorage } from "../../../src/adaptors/ports/queue.ts";
import type { QueuePromises } from "../queue.ts";
import {
  expectNothing,
  manyIn,
  messageIn,
  somePartition,
  take,
  takeOne,
  tasksIn,
  tasksOf,
} from "./deliveries.ts";

/** From the publisher to a receiver. */
export function receiving({ open }: QueuePromises): void {
  it("delivers a message whole", async () => {
    const queue = await open();
    const partition = somePartition();
    const message = messageIn(partition, "täsk/1###2", 7);
    await queue.publish([message]);
    const { message: received, receipt } = await takeOne(queue, partition);
    expect(received).toEqual(message);
    expect(receipt).not.toBe("");
  });

  it("takes empty lists", async () => {
    const queue = await open();
    await queue.publish([]);
    await queue.ack([]);
  });

  it("delivers each of many messages once, at most as many as asked for", async () => {
    const queue = await open();
    const partition = somePartition();
    const messages = manyIn(partition, 2_500);
    await queue.publish(messages);
    const signal = AbortSignal.timeout(60_000);
    const tasks: string[] = [];
    while (tasks.length < messages.length && !signal.aborted) {
      const deliveries = await queue.receive(partition, 400, signal);
      expect(deliveries.length).toBeLessThanOrEqual(400);
      tasks.push(...tasksOf(deliveries));
      await queue.ack(deliveries);
    }
    expect(tasks.toSorted()).toEqual(tasksIn(messages).toSorted());
    await expectNothing(queue, partition);
  });

  it("keeps partitions apart", async () => {
    const queue = await open();
    const [one, other] = [somePartition(), somePartition()];
    const messages = [messageIn(one), messageIn(other)];
    await queue.publish(messages);
    expect(tasksOf(await take(queue, other, 1))).toEqual([messages[1]?.taskId]);
    await expectNothing(queue, other);
    expect(tasksOf(await take(queue, one, 1))).toEqual([messages[0]?.taskId]);
  });

  it("delivers higher priorities first, and the older of equal ones", async () => {
    const queue = await open();
    const partition = somePartition();
    for (const [task, priority] of [
      ["low", 1],
      ["high", 9],
      ["middle", 5],
      ["high, too", 9],
      ["below zero", -1],
    ] as const) {
      await queue.publish([messageIn(partition, task, priority)]);
    }
    expect(tasksOf(await take(queue, partition, 2))).toEqual(["high", "high, too"]);
    await queue.publish([messageIn(partition, "late but high", 9)]);
    expect(tasksOf(await take(queue, partition, 4))).toEqual([
      "late but high",
      "middle",
      "low",
      "below zero",
    ]);
  });

  it("wakes a receiver that waits on another connection", async () => {
    const [sender, receiver] = [await open(), await open()];
    const partition = somePartition();
    const waiting = take(receiver, partition, 1);
    await expectNothing(receiver, partition);
    const message = messageIn(partition);
    await sender.publish([message]);
    expect(tasksOf(await waiting)).toEqual([message.taskId]);
  });

  it("delivers each message to one receiver only, however many wait", async () => {
    const queues = await Promise.all(Array.from({ length: 6 }, () => open()));
    const partition = somePartition();
    const messages = manyIn(partition, 600);
    const stop = new AbortController();
    const tasks: string[] = [];
    const work = async (queue: QueueStorage): Promise<void> => {
      while (!stop.signal.aborted) {
        const deliveries = await queue.receive(partition, 3, stop.signal);
        tasks.push(...tasksOf(deliveries));
        await queue.ack(deliveries);
      }
    };
    const workers = queues.flatMap((queue) => [work(queue), work(queue), work(queue)]);
    await Promise.all(
      queues.map(async (queue, i) => {
        for (let at = i * 100; at < (i + 1) * 100; at += 5) {
          await queue.publish(messages.slice(at, at + 5));
        }
      }),
    );
    await vi.waitFor(() => expect(tasks.length).toBeGreaterThanOrEqual(600));
    stop.abort();
    await Promise.all(workers);
    expect(tasks.toSorted()).toEqual(tasksIn(messages).toSorted());
  });

  it("answers nothing when the signal aborts, before or during the wait", async () => {
    const queue = await open();
    const partition = somePartition();
    expect(await queue.receive(partition, 1, AbortSignal.abort())).toEqual([]);
    const leaving = new AbortController();
    const waiting = queue.receive(partition, 1, leaving.signal);
    leaving.abort();
    expect(await waiting).toEqual([]);
  });

  it("takes no message with a receiver that leaves", async () => {
    const [queue, other] = [await open(), await open()];
    const partition = somePartition();
    const message = messageIn(partition);
    const leaving = new AbortController();
    const waiting = queue.receive(partition, 1, leaving.signal);
    const published = other.publish([message]);
    leaving.abort();
    const [deliveries] = await Promise.all([waiting, published]);
    await queue.publish(deliveries.map((delivery) => delivery.message));
    expect(tasksOf(await take(other, partition, 1))).toEqual([message.taskId]);
  });
}
