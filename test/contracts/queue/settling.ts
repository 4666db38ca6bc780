import { expect, it } from "vitest";
import type { QueuePromises } from "../queue.ts";
import { expectNothing, manyIn, messageIn, somePartition, take, takeOne } from "./deliveries.ts";

/** From the receiver back to the queue. */
export function settling({ open }: QueuePromises): void {
  it("hides what is delivered, and removes what is acked for good", async () => {
    const [queue, other] = [await open(), await open(300)];
    const partition = somePartition();
    await queue.publish([messageIn(partition)]);
    const delivery = await takeOne(other, partition);
    await other.ack([delivery]);
    await expectNothing(queue, partition);

    await queue.publish([messageIn(partition)]);
    await takeOne(queue, partition);
    await expectNothing(other, partition);
  });

  it("settles twice without complaint", async () => {
    const queue = await open();
    const partition = somePartition();
    await queue.publish(manyIn(partition, 2));
    const deliveries = await take(queue, partition, 2);
    await queue.ack(deliveries);
    await queue.ack(deliveries);
    await queue.release(deliveries);
    await expectNothing(queue, partition);
  });

  it("delivers again what is released, and heeds its old receipt no more", async () => {
    const [queue, other] = [await open(), await open()];
    const partition = somePartition();
    await queue.publish([messageIn(partition)]);
    const first = await takeOne(queue, partition);
    await queue.release([first]);
    const second = await takeOne(other, partition);
    expect(second.message).toEqual(first.message);
    expect(second.receipt).not.toBe(first.receipt);
    await queue.ack([first]);
    await queue.release([first]);
    await expectNothing(queue, partition);
    await other.release([second]);
    expect(await takeOne(queue, partition)).toMatchObject({ message: first.message });
  });

  it("delivers again what is released with a delay, but not before", async () => {
    const [queue, other] = [await open(), await open()];
    const partition = somePartition();
    await queue.publish([messageIn(partition)]);
    const delivery = await takeOne(queue, partition);
    const start = Date.now();
    await queue.release([delivery], 700);
    await takeOne(other, partition);
    expect(Date.now() - start).toBeGreaterThanOrEqual(700);
  });

  it("delivers again, at once, a task that is published while it is delivered", async () => {
    const queue = await open();
    const partition = somePartition();
    const message = messageIn(partition);
    await queue.publish([message]);
    const first = await takeOne(queue, partition);
    await queue.publish([message]);
    const second = await takeOne(queue, partition);
    expect(second.message).toEqual(message);
    await queue.ack([first, second]);
    await expectNothing(queue, partition);
  });
}
