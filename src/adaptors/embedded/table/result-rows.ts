import type { ObjectId, ResultId, SessionId, TaskId } from "../../../domain/ids.ts";
import type { Result } from "../../../domain/result.ts";
import type { ResultStatus } from "../../../domain/status.ts";

/** What `toResult` needs of a row of `results`, in this order. */
export const RESULT_COLUMNS = `result_id, session_id, name, created_by, owner, status, created_at,
  completed_at, size, object_id, manual_deletion`;

export type ResultRow = readonly [
  resultId: ResultId,
  sessionId: SessionId,
  name: string,
  createdBy: TaskId | "",
  owner: TaskId | "",
  status: ResultStatus,
  createdAt: number,
  completedAt: number | null,
  size: number,
  objectId: ObjectId | "",
  manualDeletion: number,
];

export function toResult(row: ResultRow): Result {
  const [resultId, sessionId, name, createdBy, ownerTaskId, status, createdAt] = row;
  const [, , , , , , , completedAt, size, objectId, manualDeletion] = row;
  return {
    resultId,
    sessionId,
    name,
    createdBy,
    ownerTaskId,
    status,
    createdAt,
    completedAt: completedAt ?? undefined,
    size,
    objectId,
    manualDeletion: manualDeletion === 1,
  };
}
