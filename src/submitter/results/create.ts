import type { StoredObject } from "../../adaptors/object-storage.ts";
import { resultId, type SessionId, taskId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import { ResultStatus } from "../../domain/status.ts";
import type {
  CreateResultsMetaDataRequest,
  CreateResultsRequest,
} from "../../gen/results_common.ts";
import type { Grid } from "../grid.ts";
import { readSession } from "../sessions/read.ts";
import { storeAll } from "./store-all.ts";

interface Named {
  readonly name: string;
  readonly manualDeletion: boolean;
}

const toResult = (
  { name, manualDeletion }: Named,
  ids: Pick<Result, "resultId" | "sessionId">,
  at: number,
): Result => ({
  ...ids,
  name,
  createdBy: "",
  ownerTaskId: "",
  status: ResultStatus.CREATED,
  createdAt: at,
  size: 0,
  objectId: "",
  manualDeletion,
});

/** Outputs for tasks to fill, or data to be uploaded. */
export async function createResultsMetaData(
  { stores, newId }: Grid,
  { sessionId: session, results }: CreateResultsMetaDataRequest,
): Promise<Result[]> {
  const { sessionId } = await readSession(stores, session);
  const at = stores.now();
  const rows = results.map((result) =>
    toResult(result, { resultId: resultId(newId()), sessionId }, at),
  );
  await stores.tables.results.create(rows);
  return rows;
}

/** Data first, then rows: a row that says COMPLETED has its data. */
export async function createResults(
  { stores, newId }: Grid,
  { sessionId: session, results }: CreateResultsRequest,
): Promise<Result[]> {
  const { sessionId } = await readSession(stores, session);
  const objects = await storeAll(
    stores.objects,
    { sessionId },
    results.map(({ data }) => data),
  );
  const at = stores.now();
  const rows = results.map((result, i) => {
    const ids = { resultId: resultId(newId()), sessionId };
    return { ...toResult(result, ids, at), ...completedBy(objects[i], sessionId, at) };
  });
  // Should this fail, the objects stay: after an outage nobody knows whether rows name them.
  await stores.tables.results.create(rows);
  return rows;
}

function completedBy(object: StoredObject | undefined, sessionId: SessionId, at: number) {
  if (!object) throw new Error("object storage answered fewer objects than it was given");
  return {
    // The original's way to say that no task will produce it.
    ownerTaskId: taskId(sessionId),
    status: ResultStatus.COMPLETED,
    completedAt: at,
    size: object.size,
    objectId: object.objectId,
  };
}
