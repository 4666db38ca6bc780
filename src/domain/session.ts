import type { PartitionId, SessionId } from "./ids.ts";
import type { SessionStatus } from "./status.ts";
import type { TaskOptions } from "./task-options.ts";

/** Dates are milliseconds since the epoch, absent until they happen; so everywhere in the domain. */
export interface Session {
  readonly sessionId: SessionId;
  readonly status: SessionStatus;
  /** May clients still submit? */
  readonly clientSubmission: boolean;
  /** May running tasks still submit? */
  readonly workerSubmission: boolean;
  /** Not empty. */
  readonly partitionIds: readonly PartitionId[];
  readonly defaultOptions: TaskOptions;
  readonly createdAt: number;
  readonly cancelledAt?: number | undefined;
  readonly closedAt?: number | undefined;
  readonly purgedAt?: number | undefined;
  readonly deletedAt?: number | undefined;
  /** Set when the session is closed. */
  readonly durationMs?: number | undefined;
}
