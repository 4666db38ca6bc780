import type { ChangeFeed } from "./port/feed.ts";
import type { ResultTable } from "./port/results.ts";
import type { AgentTable, BatchTable, PartitionTable, SessionTable } from "./port/sessions.ts";
import type { DependencyTable, TaskTable } from "./port/tasks.ts";

/**
 * Where the state of every session, task and result lives, in the grid's verbs.
 *
 * No verb needs more than single-document atomicity of the store. Bulk verbs answer per item and
 * may be cut short by a crash at any document: repeating the verb completes it. Empty lists are
 * answered without touching the store. Every verb rejects with GridError ADAPTOR_CLOSED after
 * disposal, and with DEPENDENCY_UNAVAILABLE when the store cannot do its part: it is away, full or
 * failing. Then it may have been carried out, or not.
 */
export interface TableStorage extends AsyncDisposable {
  readonly sessions: SessionTable;
  readonly partitions: PartitionTable;
  readonly tasks: TaskTable;
  readonly dependencies: DependencyTable;
  readonly results: ResultTable;
  readonly batches: BatchTable;
  readonly agents: AgentTable;
  readonly feed: ChangeFeed;
  /** Removes change-feed entries, edges of finished tasks and the like older than `before`. */
  sweep(before: number): Promise<void>;
  /** Rejects when the store cannot be reached; health checks call it. */
  ping(): Promise<void>;
}
