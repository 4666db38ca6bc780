import { z } from "zod";
import { type Clients, withClients } from "./clients.ts";
import type { TableStorage } from "./ports/table-storage.ts";

export const TableStorageOptions = z.discriminatedUnion("driver", [
  z.strictObject({
    driver: z.literal("embedded"),
    path: z.string().min(1).describe("Data folder, on a local disk, shared by all processes"),
  }),
]);
export type TableStorageOptions = z.infer<typeof TableStorageOptions>;

/**
 * Opens the configured driver; only its vendor SDK is loaded.
 *
 * @param clients shared with other ports, and to be disposed after them; without, it has its own.
 */
export const openTableStorage = (
  options: TableStorageOptions,
  clients?: Clients,
): Promise<TableStorage> =>
  withClients(clients, async (shared) => {
    switch (options.driver) {
      case "embedded":
        return (await import("./embedded/table/open.ts")).openEmbeddedTables(shared, options);
    }
  });

export type { BatchInfo, ParkedBatch } from "./ports/table/batches.ts";
export type { Edge, EdgesOfBatch } from "./ports/table/dependencies.ts";
export type { Change } from "./ports/table/feed.ts";
export type { Decision, Owner } from "./ports/table/tasks.ts";
export type { TableStorage } from "./ports/table-storage.ts";
