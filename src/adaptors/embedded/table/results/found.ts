import type { ObjectId, ResultId, SessionId, TaskId } from "../../../../domain/ids.ts";
import { mayChange, RESULT_MACHINE, ResultStatus } from "../../../../domain/status.ts";
import type { Store } from "../store.ts";

const FIND = "SELECT n, session_id, owner, status, object_id FROM results WHERE result_id = ?";

/** What a verb must know of a result to change it. */
export interface FoundResult {
  readonly n: number;
  readonly sessionId: SessionId;
  readonly owner: TaskId | "";
  readonly status: ResultStatus;
  readonly objectId: ObjectId | "";
}

export function findResult(store: Store, resultId: ResultId): FoundResult | undefined {
  const row = store.tuples(FIND).get(resultId);
  if (!row) return undefined;
  const [n, sessionId, owner, status, objectId] = row as unknown as FoundTuple;
  return { n, sessionId, owner, status, objectId };
}

/** A staged result changes by being published, and in no other way (R3). */
export const mayBecome = (status: ResultStatus, to: ResultStatus): boolean =>
  status !== ResultStatus.STAGED && mayChange(RESULT_MACHINE, status, to);

type FoundTuple = [number, SessionId, TaskId | "", ResultStatus, ObjectId | ""];
