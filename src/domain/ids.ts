/** Identifiers, branded so that a swapped argument does not compile. All are opaque strings. */
type Id<Kind extends string> = string & { readonly __kind: Kind };

export type SessionId = Id<"session">;
export type TaskId = Id<"task">;
export type ResultId = Id<"result">;
export type PartitionId = Id<"partition">;
/** One process that polls a queue; new at each start, so that a restarted agent owns nothing. */
export type AgentId = Id<"agent">;
/** A process that has a lease of its life; new at each start. */
export type HolderId = Id<"holder">;
/** A blob in object storage. Immutable: other bytes have another id. */
export type ObjectId = Id<"object">;
/** A batch before it has its number; carried by each of its tasks. */
export type BatchId = Id<"batch">;
/** Who staged rows that are not visible yet: see `stageOf`. */
export type StageId = Id<"stage">;

export const sessionId = (id: string): SessionId => id as SessionId;
export const taskId = (id: string): TaskId => id as TaskId;
export const resultId = (id: string): ResultId => id as ResultId;
export const partitionId = (id: string): PartitionId => id as PartitionId;
export const agentId = (id: string): AgentId => id as AgentId;
export const holderId = (id: string): HolderId => id as HolderId;
export const objectId = (id: string): ObjectId => id as ObjectId;
export const batchId = (id: string): BatchId => id as BatchId;

/** Rows staged by one attempt share this key, so that another attempt's rows never mix with them. */
export const stageOf = (task: TaskId, attempt: number): StageId => `${task}@${attempt}` as StageId;

/**
 * Id of the n-th retry (1 for the first). Deterministic, so that two retriers make one task; the
 * form is the original's, which clients that follow retries parse.
 */
export const retryId = (initial: TaskId, n: number): TaskId => `${initial}###${n}` as TaskId;
