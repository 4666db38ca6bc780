import type { ObjectId, ResultId, SessionId, TaskId } from "../../../domain/ids.ts";
import type { Result } from "../../../domain/result.ts";
import type { ResultStatus } from "../../../domain/status.ts";

/** A row of `results`. */
export interface ResultRow {
  readonly result_id: ResultId;
  readonly session_id: SessionId;
  readonly name: string;
  readonly created_by: TaskId | "";
  readonly owner: TaskId | "";
  readonly status: ResultStatus;
  readonly created_at: number;
  readonly completed_at: number | null;
  readonly size: number;
  readonly object_id: ObjectId | "";
  readonly manual_deletion: number;
}

export const toResult = (row: ResultRow): Result => ({
  resultId: row.result_id,
  sessionId: row.session_id,
  name: row.name,
  createdBy: row.created_by,
  ownerTaskId: row.owner,
  status: row.status,
  createdAt: row.created_at,
  completedAt: row.completed_at ?? undefined,
  size: row.size,
  objectId: row.object_id,
  manualDeletion: row.manual_deletion === 1,
});
