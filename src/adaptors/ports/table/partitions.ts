import type { ListQuery, Page, PartitionField } from "../../../domain/filter.ts";
import type { PartitionId } from "../../../domain/ids.ts";
import type { Partition } from "../../../domain/partition.ts";

export interface PartitionTable {
  /** Adds partitions; one that exists takes the new values. */
  upsert(partitions: readonly Partition[]): Promise<void>;
  get(partitionIds: readonly PartitionId[]): Promise<Partition[]>;
  list(query: ListQuery<PartitionField>): Promise<Page<Partition>>;
}
