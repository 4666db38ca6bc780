// Which partitions have lost messages: a task of theirs waits, although one of their agents is idle.
//
//   LO1. An agent that waits at the queue gets what is there. So a task that has waited for as long as
//       an agent of its partition has no message any more. No queue is asked: few can tell how much
//       they hold, and none can prove that it is nothing.
//   LO2. Only a heartbeat whose counter moves says anything, and only for a moment: an agent that died
//       while it was idle is idle in its row for ever.
import type { TableStorage } from "../../adaptors/table-storage.ts";
import type { AgentId, PartitionId } from "../../domain/ids.ts";

export interface LostPartitions {
  /** As of the last look, which is a moment ago at most. */
  look(): Promise<ReadonlySet<PartitionId>>;
}

export interface LostPartitionsOptions {
  /** How long a task must have waited, and an agent have been idle. */
  readonly republishAfterMs: number;
  readonly everyMs?: number;
}

interface Seen {
  readonly heartbeats: number;
  /** On our monotonic clock; undefined while it was seen once only. */
  readonly movedAt: number | undefined;
}

const EVERY_MS = 500;
/** More than the pause between two heartbeats, and two looks. */
const FRESH_MS = 3_000;

export function createLostPartitions(
  { agents, tasks }: Pick<TableStorage, "agents" | "tasks">,
  { republishAfterMs, everyMs = EVERY_MS }: LostPartitionsOptions,
): LostPartitions {
  let seen = new Map<AgentId, Seen>();
  let lost: ReadonlySet<PartitionId> = new Set();
  let lookedAt = Number.NEGATIVE_INFINITY;

  const isFresh = (agentId: AgentId, now: number): boolean => {
    const movedAt = seen.get(agentId)?.movedAt;
    return movedAt !== undefined && now - movedAt <= FRESH_MS;
  };

  /** Partitions with an idle agent. */
  const readIdle = async (now: number): Promise<ReadonlySet<PartitionId>> => {
    const rows = await agents.list();
    const known = seen;
    seen = new Map(
      rows.map(({ agentId, heartbeats }) => {
        const before = known.get(agentId);
        if (before?.heartbeats === heartbeats) return [agentId, before];
        return [agentId, { heartbeats, movedAt: before && now }];
      }),
    );
    const idle = rows.filter(
      ({ agentId, idleMs }) => idleMs >= republishAfterMs && isFresh(agentId, now),
    );
    return new Set(idle.map(({ partitionId }) => partitionId));
  };

  return {
    async look() {
      const now = performance.now();
      if (now - lookedAt < everyMs) return lost;
      lookedAt = now;
      const idle = [...(await readIdle(now))];
      const waiting = await Promise.all(
        idle.map((partitionId) => tasks.isWaiting(partitionId, republishAfterMs)),
      );
      lost = new Set(idle.filter((_, i) => waiting[i]));
      return lost;
    },
  };
}
