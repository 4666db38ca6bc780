import { createClients } from "./clients.ts";
import { type ObjectStorageOptions, openObjectStorage } from "./object-storage.ts";
import type { ObjectStorage } from "./ports/objects.ts";
import type { QueueStorage } from "./ports/queue.ts";
import type { TableStorage } from "./ports/table-storage.ts";
import { openQueue, type QueueOptions } from "./queue.ts";
import { openTableStorage, type TableStorageOptions } from "./table-storage.ts";

export interface AllStoresOptions {
  readonly tableStorage: TableStorageOptions;
  readonly objectStorage: ObjectStorageOptions;
  readonly queue: QueueOptions;
}

export interface AllStores extends AsyncDisposable {
  readonly tables: TableStorage;
  readonly objects: ObjectStorage;
  readonly queue: QueueStorage;
}

/** Opens all three, each with its own driver; those of one vendor and place share its client. */
export async function openAllStores(options: AllStoresOptions): Promise<AllStores> {
  await using stack = new AsyncDisposableStack();
  const clients = stack.use(createClients());
  const tables = stack.use(await openTableStorage(options.tableStorage, clients));
  const objects = stack.use(await openObjectStorage(options.objectStorage, clients));
  const queue = stack.use(await openQueue(options.queue, clients));
  const all = stack.move();
  return { tables, objects, queue, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
