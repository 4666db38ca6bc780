import type { AgentId, PartitionId } from "../../../domain/ids.ts";

export interface AgentHeartbeat {
  readonly agentId: AgentId;
  readonly partitionId: PartitionId;
  readonly hostname: string;
  /** Names the agent's process to others on its machine. */
  readonly process?: string | undefined;
  /** Grows with each heartbeat; only its change means something, so no clock is compared. */
  readonly heartbeats: number;
  /** Tasks the agent holds. */
  readonly held: number;
  /**
   * For how long, in milliseconds of its own monotonic clock, it has been waiting at the queue with
   * a ready worker and nothing else to do; 0 = it has work, wants none, or its worker is not ready.
   */
  readonly idleMs: number;
}

/** Which agents live: the lease of every task an agent holds is the agent's own heartbeat. */
export interface AgentTable {
  /** One write per agent and period: adds the agent or raises its counter. */
  heartbeat(agent: Omit<AgentHeartbeat, "heartbeats">): Promise<void>;
  list(): Promise<AgentHeartbeat[]>;
  remove(agentId: AgentId): Promise<void>;
}
