// The drivers that suites may run on. They take the one that TEST_DRIVER names, and the embedded one if
// it is not set: to run them on another, a project in vitest.config.ts sets it for all its files.
import type { ObjectStorageOptions } from "../../src/adaptors/object-storage.ts";
import type { QueueOptions } from "../../src/adaptors/queue.ts";
import type { TableStorageOptions } from "../../src/adaptors/table-storage.ts";
import type { DyingTables } from "../contracts/table-storage/cuts/dying.ts";
import { openDyingTables } from "./dying-tables.ts";
import { purgeQueue } from "./purge-queue.ts";
import { storedObjects } from "./stored-objects.ts";

/** `path` is a folder of the test's own, which may as well name something that is not a folder. */
interface Driver {
  tables(path: string): TableStorageOptions;
  objects(path: string): ObjectStorageOptions;
  queue(path: string): QueueOptions;
  /** Tables whose verbs may be cut between two documents. */
  openDying(path: string): Promise<DyingTables>;
  /** Behind the port's back. */
  purgeQueue(path: string): Promise<void>;
  storedObjects(path: string): Promise<readonly string[]>;
}

const DRIVERS: Readonly<Record<string, Driver>> = {
  embedded: {
    tables: (path) => ({ driver: "embedded", path }),
    objects: (path) => ({ driver: "embedded", path, inlineBytes: 65_536 }),
    queue: (path) => ({ driver: "embedded", path }),
    openDying: async (path) => openDyingTables(path),
    purgeQueue: async (path) => purgeQueue(path),
    storedObjects: async (path) => storedObjects(path),
  },
};

export function chosenDriver(): Driver {
  const name = process.env["TEST_DRIVER"] ?? "embedded";
  const driver = DRIVERS[name];
  if (!driver) throw new Error(`TEST_DRIVER is ${name}, not one of ${Object.keys(DRIVERS)}`);
  return driver;
}
