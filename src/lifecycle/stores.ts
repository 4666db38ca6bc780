import type { ObjectStorage } from "../adaptors/ports/objects.ts";
import type { QueueStorage } from "../adaptors/ports/queue.ts";
import type { TableStorage } from "../adaptors/ports/table-storage.ts";
import type { Scheduling } from "../domain/scheduling.ts";

/** What the steps of a task's life act on. */
export interface Stores {
  readonly tables: TableStorage;
  readonly objects: ObjectStorage;
  readonly queue: QueueStorage;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that no one sets back: for durations. */
  readonly monotonicNow: () => number;
  readonly scheduling: Scheduling;
}
