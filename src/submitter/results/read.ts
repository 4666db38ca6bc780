import { GridError } from "../../domain/errors.ts";
import { resultId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Stores } from "../../lifecycle/stores.ts";

/** @throws {GridError} RESULT_NOT_FOUND. */
export async function readResult({ tables }: Stores, id: string): Promise<Result> {
  const [result] = await tables.results.get([resultId(id)]);
  if (!result) throw new GridError("RESULT_NOT_FOUND", id === "" ? "result_id is empty" : id);
  return result;
}
