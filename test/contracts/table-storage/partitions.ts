import { expect, it } from "vitest";
import type { PartitionFields } from "../../../src/domain/filter/fields.ts";
import { PARTITIONS } from "../../../src/domain/filter/lists.ts";
import { partitionId } from "../../../src/domain/ids.ts";
import type { Partition } from "../../../src/domain/partition.ts";
import { partitionRow, someSession } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { checkField, checkQueries, checkSorting, fieldsOf, type Listed } from "./list-checks.ts";

export function partitions({ open }: TableStoragePromises): void {
  it("adds partitions, and overwrites those that exist", async () => {
    const { partitions } = await open();
    const [a, b] = [partitionRow({ podConfiguration: { k: "v" } }), partitionRow()];
    await partitions.upsert([a, b]);
    const changed = { ...b, podMax: 99, parentPartitionIds: [a.partitionId] };
    await partitions.upsert([changed]);
    const ids = [b.partitionId, partitionId("no such partition"), a.partitionId];
    expect(await partitions.get(ids)).toEqual([changed, a]);
  });

  it("lists partitions by each of their fields", async () => {
    const { partitions } = await open();
    // Partitions belong to no session: a parent of their own marks those of this test.
    const parent = partitionId(`parent of ${someSession()}`);
    const rows = [1, 2, 3, 4].map((n) =>
      partitionRow({
        parentPartitionIds: n === 4 ? [parent, partitionId("second")] : [parent],
        podReserved: n % 3,
        podMax: 10 * n,
        preemptionPercentage: 50 + (n % 2),
        priority: n > 2 ? 5 : 1,
      }),
    );
    await partitions.upsert(rows);
    const scope = {
      kind: "array",
      field: "parentPartitionIds",
      operator: "contains",
      value: parent,
    } as const;
    const listed: Listed<Partition, PartitionFields> = {
      list: PARTITIONS,
      scope,
      read: partitions.list,
      rows,
    };
    for (const field of fieldsOf(listed)) await checkField(listed, field);
    await checkSorting(listed);
    await checkQueries(listed, 200);
  });
}
