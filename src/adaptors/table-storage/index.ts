import { z } from "zod";
import type { TableStorage } from "./port.ts";

export const TableStorageOptions = z.discriminatedUnion("driver", [
  z.strictObject({
    driver: z.literal("embedded"),
    path: z.string().min(1).describe("Data folder, on a local disk, shared by all processes"),
  }),
]);
export type TableStorageOptions = z.infer<typeof TableStorageOptions>;

/** Opens the configured driver; only its vendor SDK is loaded. */
export async function openTableStorage(options: TableStorageOptions): Promise<TableStorage> {
  switch (options.driver) {
    case "embedded":
      return (await import("./embedded/open.ts")).openEmbeddedTables(options.path);
  }
}

export type { Change } from "./port/feed.ts";
export type { BatchInfo, ParkedBatch } from "./port/sessions.ts";
export type {
  Decision,
  Edge,
  Owner,
} from "./port/tasks.ts";
export type { TableStorage } from "./port.ts";
