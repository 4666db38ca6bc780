/** Which sessions wait for agents that do not exist: said to people, who can start some. */
import { LRUCache } from "lru-cache";
import type { BatchInfo, TableStorage } from "../../adaptors/table-storage.ts";
import type { PartitionId, SessionId } from "../../domain/ids.ts";

export interface UnservedPartitions {
  /** Looks which partitions have agents. Cheap: it does so now and then only. */
  look(followed: readonly BatchInfo[]): Promise<void>;
  /** In words, what tasks of the batch may wait for; undefined if all partitions have agents. */
  waitsOf(info: BatchInfo): string | undefined;
}

const EVERY_MS = 2_000;
/** Sessions whose partitions are remembered; one forgotten costs a read. */
const REMEMBERED = 1_000;

export function createUnservedPartitions(
  { agents, sessions }: Pick<TableStorage, "agents" | "sessions">,
  everyMs = EVERY_MS,
): UnservedPartitions {
  const partitions = new LRUCache<SessionId, readonly PartitionId[]>({ max: REMEMBERED });
  let served: ReadonlySet<PartitionId> = new Set();
  let lookedAt = Number.NEGATIVE_INFINITY;

  return {
    async look(followed) {
      if (followed.length === 0 || performance.now() - lookedAt < everyMs) return;
      lookedAt = performance.now();
      const ids = new Set(followed.map(({ sessionId }) => sessionId));
      const unknown = [...ids].filter((id) => !partitions.has(id));
      const [rows, found] = await Promise.all([
        agents.list(),
        Promise.all(unknown.map((id) => sessions.get(id))),
      ]);
      served = new Set(rows.map(({ partitionId }) => partitionId));
      for (const session of found)
        if (session) partitions.set(session.sessionId, session.partitionIds);
    },

    waitsOf({ sessionId, progress }) {
      // What is not PENDING could run.
      if (progress.open === progress.pending) return undefined;
      const all = partitions.get(sessionId) ?? [];
      const missing = all.filter((partition) => !served.has(partition));
      if (missing.length === 0) return undefined;
      const what = `none serves partition ${missing.join(", ")}`;
      return missing.length === all.length ? `for agents: ${what}` : `perhaps for agents: ${what}`;
    },
  };
}
