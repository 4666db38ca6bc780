import { expect, it } from "vitest";
import type { QueueStorage } from "../../../src/adaptors/ports/queue.ts";
import { agentId } from "../../../src/domain/ids.ts";
import type { QueuePromises } from "../queue.ts";
import { expectNothing, manyIn, messageIn, somePartition, take, tasksOf } from "./deliveries.ts";

/** What operators see and do, and the end of a connection. */
export function operation({ open }: QueuePromises): void {
  it("answers a ping", async () => {
    const queue = await open();
    await queue.ping();
  });

  it("counts what waits and what is delivered", async () => {
    const queue = await open();
    const partition = somePartition();
    expect(await queue.depth(partition)).toEqual({ waiting: 0, delivered: 0 });
    await queue.publish([...manyIn(partition, 5), messageIn(somePartition())]);
    expect(await queue.depth(partition)).toEqual({ waiting: 5, delivered: 0 });
    const [acked, released] = await take(queue, partition, 3);
    expect(await queue.depth(partition)).toEqual({ waiting: 2, delivered: 3 });
    if (acked) await queue.ack([acked]);
    if (released) await queue.release([released]);
    expect(await queue.depth(partition)).toEqual({ waiting: 3, delivered: 1 });
  });

  it("purges a partition and no other", async () => {
    const queue = await open();
    const [purged, other] = [somePartition(), somePartition()];
    await queue.purge(purged);
    await queue.publish([...manyIn(purged, 2_500), messageIn(other)]);
    await queue.purge(purged);
    expect(await queue.depth(purged)).toMatchObject({ waiting: 0 });
    await expectNothing(queue, purged);
    expect(await queue.depth(other)).toMatchObject({ waiting: 1 });

    const message = messageIn(purged);
    await queue.publish([message]);
    expect(tasksOf(await take(queue, purged, 1))).toEqual([message.taskId]);
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
      (closed) => closed.releaseAll(agentId("somebody")),
      (closed) => closed.ack(deliveries),
      (closed) => closed.release(deliveries),
      (closed) => closed.depth(partition),
      (closed) => closed.purge(partition),
      (closed) => closed.ping(),
    ];
    for (const use of uses) {
      await expect(use(queue)).rejects.toMatchObject({ code: "ADAPTOR_CLOSED" });
    }
  });
}
