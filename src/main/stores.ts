import { openObjectStorage } from "../adaptors/object-storage.ts";
import { openQueue } from "../adaptors/queue.ts";
import { openTableStorage } from "../adaptors/table-storage.ts";
import type { Config } from "../config/index.ts";
import { agreeOnScheduling } from "../lifecycle/scheduling.ts";
import type { Stores } from "../lifecycle/stores.ts";

type StoresConfig = Pick<Config, "tableStorage" | "objectStorage" | "queue" | "scheduling">;

/** Opens in the order of dependence; the stack closes in the reverse. */
export async function openStores(
  config: StoresConfig,
  stack: AsyncDisposableStack,
): Promise<Stores> {
  const tables = stack.use(await openTableStorage(config.tableStorage));
  const objects = stack.use(await openObjectStorage(config.objectStorage));
  const queue = stack.use(await openQueue(config.queue));
  const scheduling = await agreeOnScheduling(tables.settings, config.scheduling);
  return { tables, objects, queue, now: Date.now, scheduling };
}
