import type { PartitionFields } from "../../../domain/filter/fields.ts";
import type { Partition } from "../../../domain/partition.ts";
import type { PartitionTable } from "../../ports/table/partitions.ts";
import { type Listing, listRows } from "./listing.ts";
import type { Store } from "./store.ts";

const UPSERT = `INSERT INTO partitions (partition_id, body) VALUES (?, ?)
  ON CONFLICT DO UPDATE SET body = excluded.body`;
const GET = "SELECT body FROM partitions WHERE partition_id = ?";

const member = (name: string): string => `json_extract(body, '$.${name}')`;

const PARTITIONS: Listing<PartitionFields> = {
  table: "partitions",
  columns: "body",
  key: "partition_id",
  fields: {
    partitionId: "partition_id",
    parentPartitionIds: member("parentPartitionIds"),
    podReserved: member("podReserved"),
    podMax: member("podMax"),
    preemptionPercentage: member("preemptionPercentage"),
    priority: member("priority"),
  },
};

const toPartition = (row: unknown): Partition => JSON.parse((row as [string])[0]) as Partition;

export const partitionTable = (store: Store): PartitionTable => ({
  async upsert(partitions) {
    if (partitions.length === 0) return;
    await store.write(() => {
      for (const partition of partitions)
        store.sql(UPSERT).run(partition.partitionId, JSON.stringify(partition));
    });
  },

  async get(partitionIds) {
    if (partitionIds.length === 0) return [];
    return store.read(() =>
      partitionIds
        .map((id) => store.tuples(GET).get(id))
        .filter((row) => row !== undefined)
        .map(toPartition),
    );
  },

  list: (query) =>
    store.read(() => {
      const { rows, total } = listRows(store, PARTITIONS, query);
      return { rows: rows.map(toPartition), total };
    }),
});
