import { describe, onTestFinished } from "vitest";
import type { QueueStorage } from "../../src/adaptors/ports/queue.ts";
import { openQueue, type QueueOptions } from "../../src/adaptors/queue.ts";
import { acknowledging } from "./queue/acknowledging.ts";
import { operation } from "./queue/operation.ts";
import { receiving } from "./queue/receiving.ts";

interface QueueContract {
  /** How to open one more connection to the same queue, from this process or another. */
  configure: () => QueueOptions;
  /** Can the backend tell how many messages wait? */
  tellsDepth: boolean;
}

export interface QueuePromises extends QueueContract {
  /** One more connection, until the end of the test. */
  open: () => Promise<QueueStorage>;
}

/** Every driver of QueueStorage keeps these promises; each test has a partition of its own. */
export function queueContract(contract: QueueContract): void {
  const open = async (): Promise<QueueStorage> => {
    const queue = await openQueue(contract.configure());
    onTestFinished(() => queue[Symbol.asyncDispose]());
    return queue;
  };
  const given = { ...contract, open };
  describe("receiving", () => receiving(given));
  describe("acknowledging", () => acknowledging(given));
  describe("operation", () => operation(given));
}
