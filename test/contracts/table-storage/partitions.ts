import { expect, it } from "vitest";
import { partitionId } from "../../../src/domain/ids.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { checkField, checkSorting } from "./list-checks.ts";
import { only, partitionRow, someSession } from "./rows.ts";

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
    const list = { scope, key: "partitionId", list: partitions.list, rows } as const;
    await checkField(list, "string", "partitionId");
    for (const field of ["podReserved", "podMax", "preemptionPercentage", "priority"] as const) {
      await checkField(list, "number", field);
      await checkSorting(list, field);
    }
    for (const operator of ["contains", "notContains"] as const) {
      const second = { ...scope, operator, value: "second" };
      const { total } = await partitions.list({
        filter: [[scope, second]],
        sort: { field: "partitionId", descending: false },
        page: 0,
        pageSize: 0,
      });
      expect(total).toBe(operator === "contains" ? 1 : 3);
    }
    expect(only(rows.slice(3)).parentPartitionIds).toHaveLength(2);
  });
}
