import type { ObjectId, ResultId, SessionId, TaskId } from "./ids.ts";
import type { ResultStatus } from "./status.ts";

export interface Result {
  readonly resultId: ResultId;
  readonly sessionId: SessionId;
  /** Free text, not unique. */
  readonly name: string;
  /** The task that created the row, "" for a client. */
  readonly createdBy: TaskId | "";
  /** The task whose failure aborts the result, "" while there is none. */
  readonly ownerTaskId: TaskId | "";
  readonly status: ResultStatus;
  readonly createdAt: number;
  readonly completedAt?: number | undefined;
  /** Bytes; 0 until completed. */
  readonly size: number;
  /** The object that counts, "" until completed. Of a DELETED result the one that did. */
  readonly objectId: ObjectId | "";
  readonly manualDeletion: boolean;
}
