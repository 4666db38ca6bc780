import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { QueueStorage } from "../../../src/adaptors/ports/queue.ts";
import { agentId, type PartitionId } from "../../../src/domain/ids.ts";
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

const receiveAs = (queue: QueueStorage, partition: PartitionId, receiver: string, max: number) =>
  queue.receive(partition, max, AbortSignal.timeout(60_000), agentId(receiver));

/** What becomes of the deliveries of a receiver that never settles them. */
export function redelivery({ open, configure }: QueuePromises): void {
  it("delivers again when the visibility time is over", async () => {
    const [slow, other] = [await open(500), await open()];
    const partition = somePartition();
    await slow.publish([messageIn(partition)]);
    const first = await takeOne(slow, partition);
    const second = await takeOne(other, partition);
    expect(second.message).toEqual(first.message);
    await slow.ack([first]);
    await other.release([second]);
    expect(await takeOne(other, partition)).toMatchObject({ message: first.message });
  });

  it("delivers again what a killed process held", async () => {
    const queue = await open();
    const partition = somePartition();
    const messages = manyIn(partition, 5);
    await queue.publish(messages);
    const held = await holdInKilledProcess(configure(1_000), partition, 3);
    expect(held).toHaveLength(3);
    const deliveries = await take(queue, partition, 5);
    expect(tasksOf(deliveries).toSorted()).toEqual(tasksIn(messages).toSorted());
    expect(tasksOf(deliveries)).toEqual(expect.arrayContaining(held));
  });

  it("delivers again at once what a receiver held that is known to have died", async () => {
    const [queue, living] = [await open(), await open()];
    const partition = somePartition();
    const messages = manyIn(partition, 5);
    await queue.publish(messages);
    const [other, ...rest] = await receiveAs(living, partition, "another receiver", 2);
    const dead = `agent-${randomUUID()}`;
    const held = await holdInKilledProcess(configure(600_000), partition, 3, dead);
    await queue.releaseAll(agentId(dead));
    expect(tasksOf(await take(queue, partition, 3)).toSorted()).toEqual(held.toSorted());
    await expectNothing(queue, partition);
    await queue.releaseAll(agentId(dead));
    await queue.releaseAll(agentId("a stranger"));
    if (!other || rest.length !== 1) throw new Error("two messages were to be taken");
    await living.release([other]);
    expect((await takeOne(queue, partition)).message).toEqual(other.message);
    await expectNothing(queue, partition);
  });

  it("delivers again at once what a disposed queue held", async () => {
    const [leaving, queue] = [await open(), await open()];
    const partition = somePartition();
    const messages = manyIn(partition, 3);
    await queue.publish(messages);
    const [acked, ...rest] = await take(leaving, partition, 3);
    if (acked) await leaving.ack([acked]);
    await leaving[Symbol.asyncDispose]();
    expect(tasksOf(await take(queue, partition, 2)).toSorted()).toEqual(tasksOf(rest).toSorted());
    await expectNothing(queue, partition);
  });
}
