import type { AgentId, PartitionId } from "../../../domain/ids.ts";
import type { AgentHeartbeat, AgentTable } from "../../ports/table/agents.ts";
import type { Store } from "./store.ts";

const HEARTBEAT = `INSERT INTO agents (agent_id, partition_id, hostname, process, heartbeats, held,
    idle_ms, checks_requested, checks_done)
  VALUES (?1, ?2, ?3, ?4, ?8, ?5, ?6, ?7, ?7)
  ON CONFLICT DO UPDATE SET partition_id = excluded.partition_id, hostname = excluded.hostname,
    process = excluded.process, heartbeats = heartbeats + (heartbeats > 0), held = excluded.held,
    idle_ms = excluded.idle_ms,
    checks_requested = max(checks_requested, excluded.checks_requested),
    checks_done = max(checks_done, excluded.checks_done)`;
const LIST = "SELECT * FROM agents ORDER BY agent_id";
const GET = "SELECT * FROM agents WHERE agent_id = ?";
const TAKE_OVER = `INSERT INTO agents (agent_id, partition_id, hostname, process, heartbeats, held,
    idle_ms, checks_requested, checks_done)
  VALUES (?1, '', '', NULL, 0, 0, 0, 0, 0)
  ON CONFLICT DO UPDATE SET heartbeats = 0 WHERE heartbeats IN (0, ?2)`;
const REMOVE = "DELETE FROM agents WHERE agent_id = ?1 AND (?2 IS NULL OR heartbeats = ?2)";
const REQUEST = "UPDATE agents SET checks_requested = checks_requested + 1 WHERE agent_id = ?";

interface AgentRow {
  readonly agent_id: AgentId;
  readonly partition_id: PartitionId;
  readonly hostname: string;
  readonly process: string | null;
  readonly heartbeats: number;
  readonly held: number;
  readonly idle_ms: number;
  readonly checks_requested: number;
  readonly checks_done: number;
}

const toHeartbeat = (row: AgentRow): AgentHeartbeat => ({
  agentId: row.agent_id,
  partitionId: row.partition_id,
  hostname: row.hostname,
  process: row.process ?? undefined,
  heartbeats: row.heartbeats,
  held: row.held,
  idleMs: row.idle_ms,
  checksRequested: row.checks_requested,
  checksDone: row.checks_done,
});

export const agentTable = (store: Store): AgentTable => {
  const find = (agentId: AgentId): AgentHeartbeat | undefined => {
    const row = store.sql(GET).get(agentId) as unknown as AgentRow | undefined;
    return row && toHeartbeat(row);
  };

  return {
    async heartbeat(agent) {
      const { agentId, partitionId, hostname, process = null, held, idleMs, checksDone } = agent;
      const first = agent.after === undefined ? 1 : agent.after + 2;
      const [before, now] = await store.write(() => {
        const before = find(agentId);
        const values = [agentId, partitionId, hostname, process, held, idleMs, checksDone, first];
        store.sql(HEARTBEAT).run(...values);
        return [before, find(agentId) as AgentHeartbeat];
      });
      if (before && now.checksDone > before.checksDone) store.notify("checksDone");
      return now;
    },

    list: () => store.read(() => (store.sql(LIST).all() as unknown as AgentRow[]).map(toHeartbeat)),

    async get(agentIds) {
      if (agentIds.length === 0) return [];
      return store.read(() => agentIds.map(find).filter((row) => row !== undefined));
    },

    takeOver: (agentId, heartbeats) =>
      store.write(() => store.sql(TAKE_OVER).run(agentId, heartbeats).changes > 0),

    async remove(agentId, heartbeats) {
      await store.write(() => void store.sql(REMOVE).run(agentId, heartbeats ?? null));
    },

    async requestChecks(agentIds) {
      if (agentIds.length === 0) return new Map();
      const numbers = await store.write(() => {
        for (const agentId of agentIds) store.sql(REQUEST).run(agentId);
        const rows = agentIds.map(find).filter((row) => row !== undefined);
        return new Map(rows.map((row) => [row.agentId, row.checksRequested]));
      });
      if (numbers.size > 0) store.notify("checksRequested");
      return numbers;
    },

    onCheckRequested(agentId, listener) {
      let known = 0;
      // The notice is for all agents of the machine: each looks whether it is meant.
      const look = async (): Promise<void> => {
        const row = await store.read(() => find(agentId));
        if (!row || row.checksRequested === known) return;
        known = row.checksRequested;
        listener();
      };
      // What cannot be read is told by the next heartbeat.
      return store.listen("checksRequested", () => void look().catch(() => undefined));
    },

    onCheckDone: (listener) => store.listen("checksDone", listener),
  };
};
