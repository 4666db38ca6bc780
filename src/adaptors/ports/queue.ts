import type { AgentId, PartitionId, SessionId, TaskId } from "../../domain/ids.ts";

/** "Please look at this task": a hint, never the truth about it. */
export interface Message {
  readonly sessionId: SessionId;
  readonly taskId: TaskId;
  readonly partitionId: PartitionId;
  /** Larger = sooner. */
  readonly priority: number;
}

export interface Delivery {
  readonly message: Message;
  /** Names this delivery to the driver; another delivery of the same message has another. */
  readonly receipt: string;
}

export interface QueueDepth {
  /** Messages that a receiver would get now. */
  readonly waiting: number;
  /** Messages delivered and not settled yet. */
  readonly delivered: number;
}

/**
 * Messages by partition.
 *
 *   Q1. A published message is stored when `publish` resolves.
 *   Q2. A delivered message is invisible until it is settled, its receiver's queue is disposed
 *       or dies, or the visibility time is over; then it is delivered again.
 *   Q3. Higher priority first, as far as the backend can.
 * Messages may be lost, repeated, delayed or reordered: nothing may depend on them (I4). Every verb
 * rejects with GridError DEPENDENCY_UNAVAILABLE when the backend is away, full or failing.
 */
export interface QueueStorage extends AsyncDisposable {
  publish(messages: readonly Message[]): Promise<void>;
  /**
   * Waits until there is at least one message, takes at most `max`; [] when `signal` aborts.
   *
   * @param receiver who takes them, for `releaseAll`.
   */
  receive(
    partition: PartitionId,
    max: number,
    signal: AbortSignal,
    receiver?: AgentId,
  ): Promise<Delivery[]>;
  /** Removes the messages for good. Settling twice is not an error. */
  ack(deliveries: readonly Delivery[]): Promise<void>;
  /** Gives the messages back, to be delivered again after `delayMs`. */
  release(deliveries: readonly Delivery[], delayMs?: number): Promise<void>;
  /**
   * Gives back all that this receiver holds, since its process has died: nobody should wait until
   * the visibility time is over. Nothing to be done where the backend notices by itself, as a
   * broker whose connection ends. Of a receiver that lives after all the old receipts are void.
   */
  releaseAll(receiver: AgentId): Promise<void>;
  depth(partition: PartitionId): Promise<QueueDepth>;
  /** Drops all messages of the partition. */
  purge(partition: PartitionId): Promise<void>;
  /** Rejects when the backing service cannot be reached; health checks call it. */
  ping(): Promise<void>;
}
