import type { Owner } from "../adaptors/table-storage.ts";
import type { IdSource } from "../domain/id-source.ts";
import type { PartitionId } from "../domain/ids.ts";
import type { Stores } from "../lifecycle/stores.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Attempt, Place } from "./execution/attempt.ts";
import type { IdleTime } from "./idle-time.ts";

/** What all parts of one agent share. */
export interface AgentContext {
  readonly stores: Stores;
  readonly owner: Owner;
  /** Names this process to others on its machine. */
  readonly process?: string | undefined;
  readonly partitionId: PartitionId;
  readonly settings: AgentSettings;
  /** For what workers create: half as dear to store as random ids. */
  readonly newId: IdSource;
  readonly log: Logger;
  readonly metrics: Pick<
    Metrics,
    | "tasksDecided"
    | "tasksDispatched"
    | "dispatchSeconds"
    | "commitsRefused"
    | "prefetched"
    | "workerCallSeconds"
    | "bytesStored"
  >;
  /** Attempts that are the agent's to run or to commit: what its lease is about. */
  readonly held: Set<Attempt>;
  /** What its heartbeat says about its need for work. */
  readonly idle: IdleTime;
  /** Aborts when the agent starts to stop: nothing new is taken. */
  readonly stopping: AbortSignal;
  /** Aborts when it has no time left: what is not done by then is left to others. */
  readonly ending: AbortSignal;
}

export interface AgentSettings extends Place {
  /** Tasks taken ahead of the worker, at most. */
  readonly prefetch: number;
  readonly heartbeatMs: number;
  /** How long the running task may go on after a stop. */
  readonly graceDelayMs: number;
  /** How long a task may wait behind a long one before it is given back. */
  readonly holdMs: number;
  /** A worker that has not served for this long after a call is given up, and the agent with it. */
  readonly workerPatienceMs: number;
  /** Where this machine keeps what the worker prints, if it is known. */
  readonly workerLogFile?: string | undefined;
  /** This much is kept of what a worker says about a failure. */
  readonly maxErrorBytes: number;
  /** How large workers should cut what they send. */
  readonly dataChunkMaxBytes: number;
}
