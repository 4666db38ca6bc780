import { z } from "zod";
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

/** Opens the configured driver; only its vendor SDK is loaded. */
export async function openObjectStorage(options: ObjectStorageOptions): Promise<ObjectStorage> {
  const parsed = ObjectStorageOptions.parse(options);
  switch (parsed.driver) {
    case "embedded":
      return (await import("./embedded/objects/storage.ts")).openEmbeddedStorage(parsed);
  }
}

export type { NewBlob, ObjectStorage, Origin, StoredObject } from "./ports/objects.ts";
