import { z } from "zod";
import type { QueueStorage } from "./ports/queue.ts";

export const QueueOptions = z.discriminatedUnion("driver", [
  z.strictObject({
    driver: z.literal("embedded"),
    path: z.string().min(1).describe("Data folder, on a local disk, shared by all processes"),
  }),
]);
export type QueueOptions = z.infer<typeof QueueOptions>;

/** Opens the configured driver; only its vendor SDK is loaded. */
export async function openQueue(options: QueueOptions): Promise<QueueStorage> {
  switch (options.driver) {
    case "embedded":
      return (await import("./embedded/queue/queue.ts")).openEmbeddedQueue(options.path);
  }
}

export type { Delivery, Message, QueueStorage } from "./ports/queue.ts";
