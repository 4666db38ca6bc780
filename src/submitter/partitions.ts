import { GridError } from "../domain/errors.ts";
import { partitionId } from "../domain/ids.ts";
import type { Partition } from "../domain/partition.ts";
import type { PartitionRaw } from "../gen/partitions_common.ts";
import type { PartitionsDefinition } from "../gen/partitions_service.ts";
import type { Service } from "../grpc/service.ts";
import type { Grid } from "./grid.ts";
import { PARTITION_LIST } from "./lists/fields.ts";
import { toQuery } from "./lists/query.ts";

const toPartitionRaw = (partition: Partition): PartitionRaw => ({
  id: partition.partitionId,
  parentPartitionIds: [...partition.parentPartitionIds],
  podReserved: partition.podReserved,
  podMax: partition.podMax,
  podConfiguration: partition.podConfiguration,
  preemptionPercentage: partition.preemptionPercentage,
  priority: partition.priority,
});

export const partitionsService = ({ stores: { tables } }: Grid): Service<PartitionsDefinition> => ({
  async listPartitions(request) {
    const { rows, total } = await tables.partitions.list(toQuery(request, PARTITION_LIST));
    const { page, pageSize } = request;
    return { partitions: rows.map(toPartitionRaw), page, pageSize, total };
  },

  async getPartition({ id }) {
    const [partition] = await tables.partitions.get([partitionId(id)]);
    if (!partition) throw new GridError("PARTITION_NOT_FOUND", id === "" ? "id is empty" : id);
    return { partition: toPartitionRaw(partition) };
  },
});
