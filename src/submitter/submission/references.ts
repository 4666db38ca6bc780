import type { ResultId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import { type Creation, namedBy } from "../../grpc/task-references.ts";
import type { Stores } from "../../lifecycle/stores.ts";

/** Every result that the tasks name, by id, all read at once; unknown ones are missing. */
export async function readReferences(
  { tables }: Stores,
  creations: readonly Creation[],
): Promise<ReadonlyMap<ResultId, Result>> {
  const rows = await tables.results.get([...namedBy(creations)]);
  return new Map(rows.map((row) => [row.resultId, row]));
}
