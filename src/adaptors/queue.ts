import { z } from "zod";
import type { QueueStorage } from "./ports/queue.ts";

export const QueueOptions = z.discriminatedUnion("driver", [
  z.strictObject({
    driver: z.literal("embedded"),
    path: z.string().min(1).describe("Data folder, on a local disk, shared by all processes"),
    visibilityMs: z
      .int()
      .positive()
      .default(60_000)
      .describe("A delivery that is not settled for so long is delivered again"),
  }),
]);

/** As written in a configuration: what has a default may be left out. */
export type QueueOptions = z.input<typeof QueueOptions>;

/** Opens the configured driver; only its vendor SDK is loaded. */
export async function openQueue(options: QueueOptions): Promise<QueueStorage> {
  const parsed = QueueOptions.parse(options);
  switch (parsed.driver) {
    case "embedded":
      return (await import("./embedded/queue/queue.ts")).openEmbeddedQueue(parsed);
  }
}

export type { Delivery, QueueStorage } from "./ports/queue.ts";
