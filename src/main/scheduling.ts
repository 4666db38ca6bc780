// `grid scheduling`: what a grid schedules by, and how to change it.
import { openTableStorage } from "../adaptors/table-storage.ts";
import type { Config } from "../config/index.ts";
import { agreeOnScheduling, storeScheduling } from "../lifecycle/scheduling.ts";

/** Prints the grid's values; with `store` after those that are configured here have become them. */
export async function runScheduling(config: Config, { store }: { store: boolean }): Promise<void> {
  await using tables = await openTableStorage(config.tableStorage);
  const scheduling = store
    ? await storeScheduling(tables.settings, config.scheduling)
    : await agreeOnScheduling(tables.settings, {});
  for (const [name, value] of Object.entries(scheduling)) {
    process.stdout.write(`${name.padEnd(22)}${value}\n`);
  }
  if (store) process.stdout.write("Roles that run keep what they have until they start again.\n");
}
