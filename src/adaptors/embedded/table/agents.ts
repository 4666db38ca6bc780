import type { AgentId, PartitionId } from "../../../domain/ids.ts";
import type { AgentTable } from "../../ports/table/agents.ts";
import type { Store } from "./store.ts";

const BEAT = `INSERT INTO agents (agent_id, partition_id, hostname, process, heartbeats, held,
    idle_ms)
  VALUES (?, ?, ?, ?, 1, ?, ?)
  ON CONFLICT DO UPDATE SET partition_id = excluded.partition_id, hostname = excluded.hostname,
    process = excluded.process,
    heartbeats = heartbeats + 1, held = excluded.held, idle_ms = excluded.idle_ms`;
const LIST = "SELECT * FROM agents ORDER BY agent_id";
const REMOVE = "DELETE FROM agents WHERE agent_id = ?";

interface AgentRow {
  readonly agent_id: AgentId;
  readonly partition_id: PartitionId;
  readonly hostname: string;
  readonly process: string | null;
  readonly heartbeats: number;
  readonly held: number;
  readonly idle_ms: number;
}

export const agentTable = (store: Store): AgentTable => ({
  async heartbeat({ agentId, partitionId, hostname, process, held, idleMs }) {
    await store.write(() => {
      store.sql(BEAT).run(agentId, partitionId, hostname, process ?? null, held, idleMs);
    });
  },

  list: () =>
    store.read(() =>
      (store.sql(LIST).all() as unknown as AgentRow[]).map((row) => ({
        agentId: row.agent_id,
        partitionId: row.partition_id,
        hostname: row.hostname,
        process: row.process ?? undefined,
        heartbeats: row.heartbeats,
        held: row.held,
        idleMs: row.idle_ms,
      })),
    ),

  async remove(agentId) {
    await store.write(() => {
      store.sql(REMOVE).run(agentId);
    });
  },
});
