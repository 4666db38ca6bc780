import { GridError } from "../../domain/errors.ts";
import { ResultStatus } from "../../domain/status.ts";
import type { DownloadResultDataResponse } from "../../gen/results_common.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import { readResult } from "./read.ts";

/** Streams a result's data; the session is not asked for, as in the original. */
export async function* downloadResultData(
  stores: Stores,
  id: string,
  signal: AbortSignal,
): AsyncIterable<DownloadResultDataResponse> {
  const { status, objectId } = await readResult(stores, id);
  if (status !== ResultStatus.COMPLETED || objectId === "")
    throw new GridError("RESULT_DATA_NOT_FOUND", `result ${id} has status ${status}`);
  // Storage answers in chunks of 256 KiB, which every client receives.
  for await (const dataChunk of stores.objects.get(objectId, signal)) yield { dataChunk };
}
