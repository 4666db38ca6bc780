import type { AgentId, PartitionId } from "../../../domain/ids.ts";
import type { AgentTable } from "../port/sessions.ts";
import type { Store } from "./store.ts";

const BEAT = `INSERT INTO agents (agent_id, partition_id, hostname, process, beats, held)
  VALUES (?, ?, ?, ?, 1, ?)
  ON CONFLICT DO UPDATE SET partition_id = excluded.partition_id, hostname = excluded.hostname,
    process = excluded.process,
    beats = beats + 1, held = excluded.held`;
const LIST = "SELECT * FROM agents ORDER BY agent_id";
const REMOVE = "DELETE FROM agents WHERE agent_id = ?";

interface AgentRow {
  readonly agent_id: AgentId;
  readonly partition_id: PartitionId;
  readonly hostname: string;
  readonly process: string | null;
  readonly beats: number;
  readonly held: number;
}

export const agentTable = (store: Store): AgentTable => ({
  async beat({ agentId, partitionId, hostname, process, held }) {
    await store.write(() => {
      store.sql(BEAT).run(agentId, partitionId, hostname, process ?? null, held);
    });
  },

  list: () =>
    store.read(() =>
      (store.sql(LIST).all() as unknown as AgentRow[]).map((row) => ({
        agentId: row.agent_id,
        partitionId: row.partition_id,
        hostname: row.hostname,
        process: row.process ?? undefined,
        beats: row.beats,
        held: row.held,
      })),
    ),

  async remove(agentId) {
    await store.write(() => {
      store.sql(REMOVE).run(agentId);
    });
  },
});
