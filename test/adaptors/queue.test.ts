import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { openQueue } from "../../src/adaptors/queue.ts";
import {
  expectNothing,
  manyIn,
  messageIn,
  somePartition,
  tasksOf,
} from "../contracts/queue/deliveries.ts";
import { queueContract } from "../contracts/queue.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("embedded", () => {
  const path = temporaryFolder();
  const open = async () => {
    const queue = await openQueue({ driver: "embedded", path: path() });
    onTestFinished(() => queue[Symbol.asyncDispose]());
    return queue;
  };

  queueContract({ configure: () => ({ driver: "embedded", path: path() }), tellsDepth: true });

  it("keeps a task that is published while it waits only once", async () => {
    const queue = await open();
    const partition = somePartition();
    const [first, message] = [messageIn(partition, "first"), messageIn(partition, "second")];
    await queue.publish([first, message, message]);
    await queue.publish([message, first]);
    expect(tasksOf(await queue.receive(partition, 9, AbortSignal.timeout(60_000)))).toEqual([
      "first",
      "second",
    ]);
  });

  it("serves receivers in the order in which they came", async () => {
    const queue = await open();
    const partition = somePartition();
    const served: number[] = [];
    const { signal } = new AbortController();
    const receivers = Array.from({ length: 5 }, async (_, i) => {
      const [delivery] = await queue.receive(partition, 1, signal);
      served.push(i);
      return delivery;
    });
    await queue.publish(manyIn(partition, 3));
    await Promise.all(receivers.slice(0, 3));
    expect(served).toEqual([0, 1, 2]);
    await queue.publish(manyIn(partition, 2));
    await Promise.all(receivers);
    expect(served).toEqual([0, 1, 2, 3, 4]);
  });

  it("writes nothing while receivers wait at an empty partition", async () => {
    const queue = await open();
    const observer = new DatabaseSync(join(path(), "queue.db"), { readOnly: true });
    onTestFinished(() => observer.close());
    const version = () => observer.prepare("PRAGMA data_version").get();
    const before = version();
    const partition = somePartition();
    await Promise.all([1, 2, 3].map(() => expectNothing(queue, partition)));
    expect(version()).toEqual(before);
  });
});
