// A stream of one id, then chunks. Whatever can be refused is refused before a byte is read.
import type { StoredObject } from "../../adaptors/object-storage.ts";
import { GridError, invalid } from "../../domain/errors.ts";
import type { Result } from "../../domain/result.ts";
import { ResultStatus } from "../../domain/status.ts";
import type {
  UploadResultDataRequest,
  UploadResultDataRequest_ResultIdentifier,
} from "../../gen/results_common.ts";
import { dispatchDirectly } from "../../lifecycle/dispatch.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import { readSession } from "../sessions/read.ts";
import { readResult } from "./read.ts";

type Messages = AsyncIterator<UploadResultDataRequest>;

async function readId(messages: Messages): Promise<UploadResultDataRequest_ResultIdentifier> {
  const first = await messages.next();
  if (first.done) throw new GridError("UPLOAD_WITHOUT_ID", "it ended before the result's id");
  const { type } = first.value;
  if (type?.$case !== "id")
    throw invalid("type", `the first message is ${type?.$case ?? "empty"}`, "it must be an id");
  return type.value;
}

/** The stream of a caller who went away may end like any other: only its signal tells. */
async function* readChunks(messages: Messages, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for (let count = 2; ; count += 1) {
    const { done, value } = await messages.next();
    signal.throwIfAborted();
    if (done) return;
    if (value.type?.$case !== "dataChunk")
      throw invalid(
        "type",
        `message ${count} is ${value.type?.$case ?? "empty"}`,
        "after the id there are only data chunks",
      );
    yield value.type.value;
  }
}

const statusRefused = ({ resultId, status }: Result): GridError =>
  new GridError(
    "RESULT_INVALID_STATUS",
    `result ${resultId} has status ${status}, only a created one (1) takes data`,
  );

async function findTarget(
  stores: Stores,
  { sessionId, resultId }: UploadResultDataRequest_ResultIdentifier,
): Promise<Result> {
  await readSession(stores, sessionId);
  const result = await readResult(stores, resultId);
  if (result.sessionId !== sessionId)
    throw new GridError("RESULT_NOT_FOUND", `${resultId} in session ${sessionId}`);
  if (result.status !== ResultStatus.CREATED) throw statusRefused(result);
  return result;
}

/** The row counts: an object that did not become the result's is garbage. */
async function complete(stores: Stores, target: Result, object: StoredObject): Promise<Result> {
  const { tables, objects, now } = stores;
  const { resultId } = target;
  const [won] = await tables.results.complete([{ resultId, ...object }], now());
  if (!won) {
    await objects.delete([object.objectId]);
    throw statusRefused(await readResult(stores, resultId));
  }
  const ready = await tables.dependencies.close([resultId]);
  await dispatchDirectly(stores, target.sessionId, ready);
  return await readResult(stores, resultId);
}

/** Gives a result its data; the tasks that waited for it become ready. */
export async function uploadResultData(
  stores: Stores,
  requests: AsyncIterable<UploadResultDataRequest>,
  signal: AbortSignal,
): Promise<Result> {
  const messages = requests[Symbol.asyncIterator]();
  const target = await findTarget(stores, await readId(messages));
  const { sessionId } = target;
  const object = await stores.objects.put({ sessionId }, readChunks(messages, signal), signal);
  return await complete(stores, target, object);
}
