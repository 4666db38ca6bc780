import type { PartitionId, SessionId, TaskId } from "../../domain/ids.ts";

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
  /** Messages that wait for a receiver. */
  readonly waiting: number;
}

/**
 * Messages by partition. A receiver acknowledges as soon as it has stored what it made of them,
 * long before the task ends; whoever gives a task back publishes it again.
 *
 *   Q1. A published message is stored when `publish` resolves.
 *   Q2. A delivered message is not delivered to a second receiver while the first one lives and
 *       has not acknowledged it. Disposal gives back what was delivered here and not acknowledged.
 *       Of a receiver that dies, a backend delivers it again or has lost it.
 *   Q3. Higher priority first, as far as the backend can.
 *
 * Messages may be lost, repeated, delayed or reordered, and nothing may depend on them (I4): not
 * on redelivery, its count or its delay, nor on the order or the depth. What was lost is found by
 * the tasks that wait while an agent is idle. Every verb rejects with GridError
 * DEPENDENCY_UNAVAILABLE when the backend is away, full or failing, and with ADAPTOR_CLOSED after
 * disposal.
 */
export interface QueueStorage extends AsyncDisposable {
  /** A task that waits already may be kept as one message or as two. */
  publish(messages: readonly Message[]): Promise<void>;
  /** Waits until there is at least one message, takes at most `max`; [] when `signal` aborts. */
  receive(partition: PartitionId, max: number, signal: AbortSignal): Promise<Delivery[]>;
  /** They are not delivered again. Acknowledging twice is not an error. */
  ack(deliveries: readonly Delivery[]): Promise<void>;
  /**
   * For people and diagnostics only: it may be late, approximate or leave out what is delivered.
   * Undefined where the backend cannot tell.
   */
  depth(partition: PartitionId): Promise<QueueDepth | undefined>;
  /** Rejects when the backing service cannot be reached; health checks call it. */
  ping(): Promise<void>;
}
