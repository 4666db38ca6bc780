import type { AgentTable } from "./table/agents.ts";
import type { BatchTable } from "./table/batches.ts";
import type { ShownCounts } from "./table/counts.ts";
import type { DependencyTable } from "./table/dependencies.ts";
import type { ChangeFeed } from "./table/feed.ts";
import type { LeaseTable } from "./table/leases.ts";
import type { PartitionTable } from "./table/partitions.ts";
import type { ResultTable } from "./table/results.ts";
import type { SessionTable } from "./table/sessions.ts";
import type { SettingsTable } from "./table/settings.ts";
import type { TaskTable } from "./table/tasks.ts";
import type { UserTable } from "./table/users.ts";

/**
 * Where the state of every session, task and result lives, in the grid's verbs.
 *
 * No verb needs more than single-document atomicity of the store. Bulk verbs answer per item and
 * may be cut short by a crash at any document: repeating the verb completes it. Empty lists are
 * answered without touching the store. Every verb rejects with GridError ADAPTOR_CLOSED after
 * disposal, and with DEPENDENCY_UNAVAILABLE when the store cannot do its part: it is away, full or
 * failing. Then it may have been carried out, or not.
 *
 *   AGE. Ages are asked of the store (`olderThanMs`), which measures them with a clock of its own:
 *        callers' clocks differ. Times that callers give (`at`, `createdAt`…) are only shown.
 */
export interface TableStorage extends AsyncDisposable {
  readonly sessions: SessionTable;
  readonly partitions: PartitionTable;
  readonly tasks: TaskTable;
  readonly dependencies: DependencyTable;
  readonly results: ResultTable;
  readonly batches: BatchTable;
  readonly counts: ShownCounts;
  readonly agents: AgentTable;
  readonly leases: LeaseTable;
  readonly settings: SettingsTable;
  readonly users: UserTable;
  readonly feed: ChangeFeed;
  /**
   * Removes change-feed entries that are this old, edges of tasks that have been final for this long,
   * and the like.
   */
  sweep(query: { olderThanMs: number }): Promise<void>;
  /**
   * Writes a document, and leaves nothing that could be seen: takes as long as a heartbeat takes now,
   * and rejects when that would. For whoever judges others by their silence.
   */
  probe(): Promise<void>;
  /** Rejects when the store cannot be reached; health checks call it. */
  ping(): Promise<void>;
}
