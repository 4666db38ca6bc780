// TableStorage over one SQLite file that every process of the machine opens.
//
//   TX1. A verb is one transaction, and SQLite admits one writer at a time: what a verb reads stays
//       true until it has written.
//   ET1. Counts by status, progress of batches and the change feed are written in the transaction
//       of the change itself (ledger.ts). Callers may rely on that of the feed only (F4, SC1).
import type { Clients } from "../../clients.ts";
import type { TableStorage } from "../../ports/table-storage.ts";
import { shareFolder } from "../folder.ts";
import { agentTable } from "./agents.ts";
import { batchTable } from "./batches.ts";
import { shownCounts } from "./counts.ts";
import { dependencyTable } from "./dependencies.ts";
import { changeFeed } from "./feed.ts";
import { leaseTable } from "./leases.ts";
import { partitionTable } from "./partitions.ts";
import { resultTable } from "./results.ts";
import { sessionTable } from "./sessions.ts";
import { settingsTable } from "./settings.ts";
import { openStore, type Store } from "./store.ts";
import { createSweep } from "./sweep.ts";
import { taskTable } from "./tasks.ts";
import { userTable } from "./users.ts";

const PROBE = "UPDATE probes SET count = count + 1";

/** @param path the data folder; it is made if it is not there. */
export const openEmbeddedTables = async (
  clients: Clients,
  { path }: { path: string },
): Promise<TableStorage> => tablesOf(openStore(await shareFolder(clients, path)));

export function tablesOf(store: Store): TableStorage {
  const feed = changeFeed(store);
  return {
    sessions: sessionTable(store),
    partitions: partitionTable(store),
    tasks: taskTable(store),
    dependencies: dependencyTable(store),
    results: resultTable(store),
    batches: batchTable(store),
    counts: shownCounts(store),
    agents: agentTable(store),
    leases: leaseTable(store),
    settings: settingsTable(store),
    users: userTable(store),
    feed,
    sweep: createSweep(store),
    async probe() {
      await store.write(() => void store.sql(PROBE).run());
    },
    ping: () => store.read(() => void store.sql("SELECT 1 FROM sqlite_schema LIMIT 1").get()),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      feed[Symbol.dispose]();
    },
  };
}
