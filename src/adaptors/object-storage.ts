import { z } from "zod";
import { type Clients, withClients } from "./clients.ts";
import type { ObjectStorage } from "./ports/objects.ts";

export const ObjectStorageOptions = z.discriminatedUnion("driver", [
  z.strictObject({
    driver: z.literal("embedded"),
    path: z.string().min(1).describe("Data folder, on a local disk, shared by all processes"),
    inlineBytes: z
      .int()
      .nonnegative()
      .max(2 ** 24)
      .default(65_536)
      .describe("Blobs up to this size live in the database, larger ones in files"),
  }),
]);

/** As written in a configuration: what has a default may be left out. */
export type ObjectStorageOptions = z.input<typeof ObjectStorageOptions>;

/**
 * Opens the configured driver; only its vendor SDK is loaded.
 *
 * @param clients shared with other ports, and to be disposed after them; without, it has its own.
 */
export const openObjectStorage = (
  options: ObjectStorageOptions,
  clients?: Clients,
): Promise<ObjectStorage> =>
  withClients(clients, async (shared) => {
    const parsed = ObjectStorageOptions.parse(options);
    switch (parsed.driver) {
      case "embedded":
        return (await import("./embedded/objects/storage.ts")).openEmbeddedStorage(shared, parsed);
    }
  });

export type { NewBlob, ObjectStorage, Origin, StoredObject } from "./ports/objects.ts";
