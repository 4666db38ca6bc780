import type { ResultId } from "../../domain/ids.ts";
import type { Session } from "../../domain/session.ts";
import type { TaskDefinition } from "../../domain/task.ts";

export interface CreatedResult {
  readonly name: string;
  readonly createdAt: number;
  /** Data given inline; absent when it comes as a file, or not at all. */
  readonly data?: Uint8Array | undefined;
}

/** A subtask that is not in a batch yet. */
export type Subtask = Omit<TaskDefinition, "batchId">;

/** What a worker made during one attempt. Only memory: gone with the attempt (I3). */
export interface Buffered {
  readonly created: Map<ResultId, CreatedResult>;
  /** Results whose files are complete. */
  readonly notified: Set<ResultId>;
  readonly subtasks: Subtask[];
  /** The worker has answered: what comes now is too late. */
  closed: boolean;
  /** Read at most once an attempt. */
  session?: Promise<Session | undefined> | undefined;
}

export const createBuffer = (): Buffered => ({
  created: new Map(),
  notified: new Set(),
  subtasks: [],
  closed: false,
});
