import type { AgentId, PartitionId } from "../../../domain/ids.ts";

export interface AgentHeartbeat {
  readonly agentId: AgentId;
  readonly partitionId: PartitionId;
  readonly hostname: string;
  /** Names the agent's process to others on its machine. */
  readonly process?: string | undefined;
  /**
   * Grows with each heartbeat; only its change means something, so no clock is compared. 0 = the
   * agent is being taken over (J3).
   */
  readonly heartbeats: number;
  /** Tasks the agent holds. */
  readonly held: number;
  /**
   * For how long, in milliseconds of its own monotonic clock, it has been waiting at the queue with
   * a ready worker and nothing else to do; 0 = it has work, wants none, or its worker is not ready.
   */
  readonly idleMs: number;
  /** Number of the newest check that was requested of the agent; 0 = none yet. */
  readonly checksRequested: number;
  /** Number of the newest check that it has done. */
  readonly checksDone: number;
}

/** What an agent says of itself. */
export type AgentReport = Omit<AgentHeartbeat, "heartbeats" | "checksRequested"> & {
  /** The highest counter that it was answered; absent: none yet. */
  readonly after?: number | undefined;
};

/**
 * Which agents live: the lease of every task an agent holds is the agent's own heartbeat.
 *
 *   J1. A check means: the agent reads what has become of the tasks that it holds and of their
 *       sessions, and has acted on that. A check that was requested after a write sees that write.
 *   J2. Checks are numbered by the agent's own row, so that an answer tells which request it is to:
 *       a heartbeat that arrives late, or twice, answers nothing that it has not seen.
 *   J3. Whoever takes an agent over ends its lease first, and removes its row last: in between no
 *       heartbeat raises its counter. A counter is never reached twice: who has seen it may act on
 *       it later, also if the row was removed and is there again.
 */
export interface AgentTable {
  /**
   * One write per agent and period: adds the agent or raises its counter. `checksDone` never goes
   * back, and the numbers of a new row go on from it; its counter is 1, or leaves one out behind
   * `after`. Answers the row as it is then. A counter that is not the next one means that the agent
   * is being taken over (0), or that it may have been, and its row is a new one: it was taken for
   * dead. Only a lost answer looks like the latter, too.
   */
  heartbeat(agent: AgentReport): Promise<AgentHeartbeat>;
  list(): Promise<AgentHeartbeat[]>;
  /** Unknown ids are left out. */
  get(agentIds: readonly AgentId[]): Promise<AgentHeartbeat[]>;
  /**
   * Ends the agent's lease, if `heartbeats` is still its counter (0 = it has no row, or somebody else
   * has ended its lease); answers whether it has ended. From then on its counter is 0 until its row
   * is removed; one that has no row gets one for that long.
   */
  takeOver(agentId: AgentId, heartbeats: number): Promise<boolean>;
  /** With `heartbeats`, only if that is still its counter: an agent that lives keeps its row. */
  remove(agentId: AgentId, heartbeats?: number): Promise<void>;
  /**
   * Requests a check of each of these agents; answers its number for those that are there. Whoever
   * waits for it compares the row's `checksDone` with the number.
   */
  requestChecks(agentIds: readonly AgentId[]): Promise<Map<AgentId, number>>;
  /**
   * Calls back soon after a check was requested of this agent; answers how to stop. A notice may
   * be lost: the next heartbeat's answer says it, too.
   */
  onCheckRequested(agentId: AgentId, listener: () => void): () => void;
  /** Calls back soon after any agent has done a requested check. A notice may be lost. */
  onCheckDone(listener: () => void): () => void;
}
