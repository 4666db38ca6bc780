import { z } from "zod";
import type { TableStorage } from "./ports/table-storage.ts";

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
      return (await import("./embedded/table/open.ts")).openEmbeddedTables(options.path);
  }
}

export type { BatchInfo, ParkedBatch } from "./ports/table/batches.ts";
export type { Edge, EdgesOfBatch } from "./ports/table/dependencies.ts";
export type { Change } from "./ports/table/feed.ts";
export type { Decision, Owner } from "./ports/table/tasks.ts";
export type { TableStorage } from "./ports/table-storage.ts";
