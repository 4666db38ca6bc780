import type { PartitionId } from "./ids.ts";

/** Sessions name partitions, agents serve one each. Only the id has an effect today. */
export interface Partition {
  readonly partitionId: PartitionId;
  readonly parentPartitionIds: readonly PartitionId[];
  readonly podReserved: number;
  readonly podMax: number;
  readonly preemptionPercentage: number;
  readonly priority: number;
  readonly podConfiguration: Readonly<Record<string, string>>;
}
