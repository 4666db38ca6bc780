// Puts the inputs of attempts into their data folders.
//
//   PR1. A missing object is final (it will not come back); an outage is waited for; any other
//       failure is one of the attempt, unless our own disk failed: then all attempts are given back.
//   PR2. Small objects are read for the whole group in few calls and kept for a while: tasks share
//       inputs, and objects never change. Large ones are streamed from store to file.
import { createWriteStream, writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { GridError } from "../../domain/errors.ts";
import type { ObjectId, ResultId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import { afterFailure } from "../../domain/retry.ts";
import { ResultStatus } from "../../domain/status.ts";
import type { CommitRecord } from "../../domain/task.ts";
import { inputsOf } from "../../lifecycle/admit.ts";
import type { AgentContext } from "../context.ts";
import type { Attempt } from "../execution/attempt.ts";
import { fileOf, isFileName, makeFolder } from "../execution/folder.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";
import { createSmallObjects, SMALL_BYTES } from "./small-objects.ts";

/** This much is read, and held in memory, at a time. */
const SLICE_BYTES = 8 * 2 ** 20;
const FILES_A_TURN = 100;
const TRIES = 6;

export interface Prepared {
  readonly ready: Attempt[];
  readonly failed: { readonly attempt: Attempt; readonly record: CommitRecord }[];
}

/** An input as a file to be written. */
interface Input {
  readonly attempt: Attempt;
  readonly row: Result;
}

/** @throws when no attempt is to blame: all of them are to be given back. */
export type Prepare = (attempts: readonly Attempt[]) => Promise<Prepared>;

export function createPrepare(context: AgentContext): Prepare {
  const { stores, stopping, log } = context;
  const readSmall = createSmallObjects(context);
  const limited = { log, signal: stopping, tries: TRIES };

  const fetchSmall = async (inputs: readonly Input[], failures: Failures): Promise<void> => {
    for (const slice of slicesOf(inputs)) {
      const found = await readSmall(slice.map(({ row }) => row.objectId as ObjectId));
      await writeSmall(slice, found, failures);
    }
  };

  const fetchLarge = async ({ attempt, row }: Input, failures: Failures): Promise<void> => {
    if (failures.has(attempt)) return;
    const file = fileOf(attempt.folder, row.resultId);
    try {
      await retryUntilAvailable(limited, "read a large input", async () => {
        const chunks = stores.objects.get(row.objectId as ObjectId, stopping);
        await pipeline(chunks, createWriteStream(file), { signal: stopping });
      });
    } catch (error) {
      blame(failures, attempt, error);
    }
  };

  return async (attempts) => {
    const failures: Failures = new Map();
    const inputs = await locate(context, attempts, failures);
    await fetchSmall(
      inputs.filter(({ row }) => row.size <= SMALL_BYTES),
      failures,
    );
    for (const input of inputs) if (input.row.size > SMALL_BYTES) await fetchLarge(input, failures);
    return judge(context, attempts, failures);
  };
}

type Failures = Map<Attempt, unknown>;

/** @throws the error, if the system refused us a file: it would refuse it to any attempt. */
function blame(failures: Failures, attempt: Attempt, error: unknown): void {
  if (error instanceof Error && "syscall" in error) throw error;
  failures.set(attempt, error);
}

/** Makes the folders and finds out which object each input is. */
async function locate(
  { stores, log, ending }: AgentContext,
  attempts: readonly Attempt[],
  failures: Failures,
): Promise<Input[]> {
  const ids = new Set(attempts.flatMap(({ task }) => inputsOf(task)));
  const rows = await retryUntilAvailable({ log, signal: ending }, "find inputs", () =>
    stores.tables.results.get([...ids]),
  );
  const known = new Map(rows.map((row) => [row.resultId, row]));
  return attempts.flatMap((attempt) => {
    try {
      makeFolder(attempt.folder);
      return inputsOf(attempt.task).map((id) => ({ attempt, row: toInput(id, known.get(id)) }));
    } catch (error) {
      blame(failures, attempt, error);
      return [];
    }
  });
}

function toInput(id: ResultId, row: Result | undefined): Result {
  if (!isFileName(id)) throw new GridError("INVALID_ARGUMENT", `"${id}" cannot name a file`);
  if (row?.status === ResultStatus.COMPLETED && row.objectId !== "") return row;
  throw missing(id);
}

const missing = (id: ResultId): GridError => new GridError("RESULT_DATA_NOT_FOUND", id);

function* slicesOf(inputs: readonly Input[]): Generator<Input[], void> {
  let slice: Input[] = [];
  let bytes = 0;
  for (const input of inputs) {
    slice.push(input);
    bytes += input.row.size;
    if (bytes < SLICE_BYTES) continue;
    yield slice;
    slice = [];
    bytes = 0;
  }
  if (slice.length > 0) yield slice;
}

/** Synchronous: for small files the thread pool costs more than the write. */
async function writeSmall(
  inputs: readonly Input[],
  found: ReadonlyMap<ObjectId, Uint8Array>,
  failures: Failures,
): Promise<void> {
  for (const [i, { attempt, row }] of inputs.entries()) {
    if (i % FILES_A_TURN === FILES_A_TURN - 1) await nextTurn();
    if (failures.has(attempt)) continue;
    try {
      const blob = found.get(row.objectId as ObjectId);
      if (!blob) throw missing(row.resultId);
      writeFileSync(fileOf(attempt.folder, row.resultId), blob);
    } catch (error) {
      blame(failures, attempt, error);
    }
  }
}

function judge(
  { stopping }: AgentContext,
  attempts: readonly Attempt[],
  failures: Failures,
): Prepared {
  const ready: Attempt[] = [];
  const failed: Prepared["failed"] = [];
  for (const attempt of attempts) {
    const error = failures.get(attempt);
    // What the stop interrupted is given back with the others that have not started.
    if (!failures.has(attempt) || stopping.aborted) ready.push(attempt);
    else failed.push({ attempt, record: toRecord(attempt, error) });
  }
  return { ready, failed };
}

function toRecord({ task }: Attempt, cause: unknown): CommitRecord {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const error = `Inputs could not be fetched: ${reason}`;
  if (cause instanceof GridError) return { outcome: "error", error };
  return afterFailure(task, { error, crashed: false });
}
