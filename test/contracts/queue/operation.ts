import { expect, it } from "vitest";
import type { QueueStorage } from "../../../src/adaptors/ports/queue.ts";
import type { QueuePromises } from "../queue.ts";
import { manyIn, messageIn, somePartition, take, tasksOf } from "./deliveries.ts";

/** What operators see and do, and the end of a connection. */
export function operation({ open, tellsDepth }: QueuePromises): void {
  it("answers a ping", async () => {
    const queue = await open();
    await queue.ping();
  });

  it("counts what waits, or says that it cannot", async () => {
    const queue = await open();
    const partition = somePartition();
    const expectDepth = async (waiting: number) =>
      expect(await queue.depth(partition)).toEqual(tellsDepth ? { waiting } : undefined);
    await expectDepth(0);
    await queue.publish([...manyIn(partition, 5), messageIn(somePartition())]);
    await expectDepth(5);
    await queue.ack(await take(queue, partition, 3));
    await expectDepth(2);
  });

  it("sends its receivers home when it is disposed", async () => {
    const [leaving, queue] = [await open(), await open()];
    const partition = somePartition();
    const waiting = [1, 2].map(() => leaving.receive(partition, 1, new AbortController().signal));
    const settled = Promise.allSettled(waiting);
    await leaving[Symbol.asyncDispose]();
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ADAPTOR_CLOSED" } });
    }
    await queue.publish(manyIn(partition, 1));
    expect(await take(queue, partition, 1)).toHaveLength(1);
  });

  it("completes or refuses what is in flight when it is disposed", async () => {
    const [leaving, queue] = [await open(), await open()];
    const partition = somePartition();
    const messages = manyIn(partition, 20);
    const published = Promise.allSettled(messages.map((message) => leaving.publish([message])));
    const received = Promise.allSettled([
      leaving.receive(partition, 5, AbortSignal.timeout(60_000)),
    ]);
    await leaving[Symbol.asyncDispose]();
    await received;
    const stored = (await published).flatMap(({ status }, i) =>
      status === "fulfilled" ? [messages[i]?.taskId] : [],
    );
    expect(tasksOf(await take(queue, partition, stored.length))).toEqual(
      expect.arrayContaining(stored),
    );
  });

  it("refuses its use after disposal, and is disposed twice without complaint", async () => {
    const queue = await open();
    const partition = somePartition();
    await queue.publish([messageIn(partition)]);
    const deliveries = await take(queue, partition, 1);
    await queue[Symbol.asyncDispose]();
    await queue[Symbol.asyncDispose]();
    const uses: ((queue: QueueStorage) => Promise<unknown>)[] = [
      (closed) => closed.publish([messageIn(partition)]),
      (closed) => closed.receive(partition, 1, AbortSignal.timeout(60_000)),
      (closed) => closed.ack(deliveries),
      (closed) => closed.depth(partition),
      (closed) => closed.ping(),
    ];
    for (const use of uses) {
      await expect(use(queue)).rejects.toMatchObject({ code: "ADAPTOR_CLOSED" });
    }
  });
}
