import { expect, it } from "vitest";
import { holdInKilledProcess } from "../../support/hold-deliveries.ts";
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

/** What becomes of a message after its delivery. */
export function acknowledging({ open, configure }: QueuePromises): void {
  it("Q2: delivers to nobody else what a living receiver has not acknowledged", async () => {
    const [queue, other] = [await open(), await open()];
    const partition = somePartition();
    await queue.publish(manyIn(partition, 2));
    await take(queue, partition, 2);
    await expectNothing(other, partition);
    await expectNothing(queue, partition);
  });

  it("delivers no more what is acknowledged, once or twice", async () => {
    const [queue, other] = [await open(), await open()];
    const partition = somePartition();
    await queue.publish(manyIn(partition, 2));
    const deliveries = await take(queue, partition, 2);
    await queue.ack(deliveries);
    await queue.ack(deliveries);
    await expectNothing(other, partition);
  });

  it("delivers a task again that is published again, before or after the acknowledgement", async () => {
    const [queue, other] = [await open(), await open()];
    const partition = somePartition();
    const message = messageIn(partition);
    await queue.publish([message]);
    const first = await takeOne(queue, partition);
    await queue.publish([message]);
    const second = await takeOne(queue, partition);
    expect(second.message).toEqual(message);
    expect(second.receipt).not.toBe(first.receipt);
    await queue.ack([first]);
    await queue.ack([second]);
    await queue.publish([message]);
    expect(await takeOne(other, partition)).toMatchObject({ message });
    await expectNothing(queue, partition);
  });

  it("delivers the rest when a receiver is killed, and what it held once that is published again", async () => {
    const queue = await open();
    const partition = somePartition();
    const messages = manyIn(partition, 5);
    await queue.publish(messages);
    const held = await holdInKilledProcess(configure(), partition, 3);
    expect(held).toHaveLength(3);
    await queue.publish(messages.filter(({ taskId }) => held.includes(taskId)));
    const tasks = new Set<string>();
    while (tasks.size < 5)
      for (const task of tasksOf(await take(queue, partition, 1))) tasks.add(task);
    expect([...tasks].toSorted()).toEqual(tasksIn(messages).toSorted());
  });

  it("Q2: delivers to others what was not acknowledged before a disposal, and nothing else", async () => {
    const [leaving, queue] = [await open(), await open()];
    const partition = somePartition();
    await queue.publish(manyIn(partition, 3));
    const [acked, ...rest] = await take(leaving, partition, 3);
    if (acked) await leaving.ack([acked]);
    await leaving[Symbol.asyncDispose]();
    expect(tasksOf(await take(queue, partition, 2)).toSorted()).toEqual(tasksOf(rest).toSorted());
    await expectNothing(queue, partition);
  });
}
