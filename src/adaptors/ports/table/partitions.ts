import type { PartitionFields } from "../../../domain/filter/fields.ts";
import type { ListQuery, Page } from "../../../domain/filter/query.ts";
import type { PartitionId } from "../../../domain/ids.ts";
import type { Partition } from "../../../domain/partition.ts";

export interface PartitionTable {
  /** Adds partitions; one that exists takes the new values. */
  upsert(partitions: readonly Partition[]): Promise<void>;
  get(partitionIds: readonly PartitionId[]): Promise<Partition[]>;
  list(query: ListQuery<PartitionFields>): Promise<Page<Partition>>;
}
