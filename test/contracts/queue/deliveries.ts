import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Delivery, Message, QueueStorage } from "../../../src/adaptors/ports/queue.ts";
import { type PartitionId, partitionId, sessionId, taskId } from "../../../src/domain/ids.ts";

/** Long enough that a wrong delivery would have come. */
const A_WHILE_MS = 400;

export const somePartition = (): PartitionId => partitionId(`p/${randomUUID()}`);

export const messageIn = (
  partition: PartitionId,
  task: string = randomUUID(),
  priority = 1,
): Message => ({
  sessionId: sessionId("session-é"),
  taskId: taskId(task),
  partitionId: partition,
  priority,
});

export const manyIn = (partition: PartitionId, count: number): Message[] =>
  Array.from({ length: count }, () => messageIn(partition));

export const tasksOf = (deliveries: readonly Delivery[]): string[] =>
  deliveries.map(({ message }) => message.taskId);
export const tasksIn = (messages: readonly Message[]): string[] => messages.map((m) => m.taskId);

/** The next `count` deliveries, by as many calls as it takes. */
export async function take(
  queue: QueueStorage,
  partition: PartitionId,
  count: number,
): Promise<Delivery[]> {
  const signal = AbortSignal.timeout(60_000);
  const taken: Delivery[] = [];
  while (taken.length < count && !signal.aborted) {
    taken.push(...(await queue.receive(partition, count - taken.length, signal)));
  }
  return taken;
}

export const takeOne = async (queue: QueueStorage, partition: PartitionId): Promise<Delivery> => {
  const [delivery] = await take(queue, partition, 1);
  if (!delivery) throw new Error("nothing was delivered");
  return delivery;
};

export const expectNothing = async (queue: QueueStorage, partition: PartitionId): Promise<void> => {
  expect(await queue.receive(partition, 10, AbortSignal.timeout(A_WHILE_MS))).toEqual([]);
};
