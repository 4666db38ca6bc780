import { openAllStores } from "../adaptors/stores.ts";
import type { Config } from "../config/index.ts";
import { agreeOnScheduling } from "../lifecycle/scheduling.ts";
import type { Stores } from "../lifecycle/stores.ts";

type StoresConfig = Pick<Config, "tableStorage" | "objectStorage" | "queue" | "scheduling">;

const CLOCKS = { now: Date.now, monotonicNow: () => performance.now() };

export async function openStores(
  config: StoresConfig,
  stack: AsyncDisposableStack,
): Promise<Stores> {
  const { tables, objects, queue } = stack.use(await openAllStores(config));
  const scheduling = await agreeOnScheduling(tables.settings, config.scheduling);
  return { tables, objects, queue, ...CLOCKS, scheduling };
}
