import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { GridError } from "../../domain/errors.ts";
import type { ResultId } from "../../domain/ids.ts";
import { ResultStatus } from "../../domain/status.ts";
import type { DataResponse } from "../../gen/agent_common.ts";
import type { AgentContext } from "../context.ts";
import type { Attempt } from "../execution/attempt.ts";
import { fileOf, isFileName } from "../execution/folder.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";

const TRIES = 3;

/**
 * Puts the data of any completed result into the data folder; whole, or not at all.
 *
 * @throws {GridError} RESULT_NOT_FOUND, RESULT_DATA_NOT_FOUND.
 */
export async function fetchResource(
  context: AgentContext,
  attempt: Attempt,
  id: ResultId,
): Promise<DataResponse> {
  const { log, ending: signal } = context;
  if (!isFileName(id)) throw new GridError("RESULT_NOT_FOUND", id);
  const limited = { log, signal, tries: TRIES };
  return retryUntilAvailable(limited, "fetch a resource", () => fetch(context, attempt, id));
}

async function fetch(
  { stores, ending }: AgentContext,
  { folder }: Attempt,
  id: ResultId,
): Promise<DataResponse> {
  const [row] = await stores.tables.results.get([id]);
  if (!row) throw new GridError("RESULT_NOT_FOUND", id);
  if (row.status !== ResultStatus.COMPLETED || row.objectId === "")
    throw new GridError("RESULT_DATA_NOT_FOUND", id);
  const aside = fileOf(folder, `.${randomUUID()}`);
  try {
    await pipeline(stores.objects.get(row.objectId, ending), createWriteStream(aside));
    await rename(aside, fileOf(folder, id));
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  return { resultId: id };
}
