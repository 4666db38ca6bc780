import { z } from "zod";
import { type Clients, withClients } from "./clients.ts";
import type { QueueStorage } from "./ports/queue.ts";

export const QueueOptions = z.discriminatedUnion("driver", [
  z.strictObject({
    driver: z.literal("embedded"),
    path: z.string().min(1).describe("Data folder, on a local disk, shared by all processes"),
  }),
]);
export type QueueOptions = z.infer<typeof QueueOptions>;

/**
 * Opens the configured driver; only its vendor SDK is loaded.
 *
 * @param clients shared with other ports, and to be disposed after them; without, it has its own.
 */
export const openQueue = (options: QueueOptions, clients?: Clients): Promise<QueueStorage> =>
  withClients(clients, async (shared) => {
    switch (options.driver) {
      case "embedded":
        return (await import("./embedded/queue/queue.ts")).openEmbeddedQueue(shared, options);
    }
  });

export type { Delivery, Message, QueueStorage } from "./ports/queue.ts";
