import { describe, onTestFinished } from "vitest";
import type { QueueStorage } from "../../src/adaptors/ports/queue.ts";
import { openQueue, type QueueOptions } from "../../src/adaptors/queue.ts";
import { operation } from "./queue/operation.ts";
import { receiving } from "./queue/receiving.ts";
import { redelivery } from "./queue/redelivery.ts";
import { settling } from "./queue/settling.ts";

/** Longer than any test: nothing comes back by itself. */
const NEVER_MS = 600_000;

interface QueueContract {
  /** How to open one more connection to the same queue, from this process or another. */
  configure: (visibilityMs: number) => QueueOptions;
}

export interface QueuePromises {
  configure: (visibilityMs: number) => QueueOptions;
  /** One more connection, until the end of the test; deliveries stay invisible unless told else. */
  open: (visibilityMs?: number) => Promise<QueueStorage>;
}

/** Every driver of QueueStorage keeps these promises; each test has a partition of its own. */
export function queueContract({ configure }: QueueContract): void {
  const open = async (visibilityMs = NEVER_MS): Promise<QueueStorage> => {
    const queue = await openQueue(configure(visibilityMs));
    onTestFinished(() => queue[Symbol.asyncDispose]());
    return queue;
  };
  const given = { configure, open };
  describe("receiving", () => receiving(given));
  describe("settling", () => settling(given));
  describe("redelivery", () => redelivery(given));
  describe("operation", () => operation(given));
}
