import type { ObjectStorage } from "../adaptors/ports/objects.ts";
import type { QueueStorage } from "../adaptors/ports/queue.ts";
import type { TableStorage } from "../adaptors/ports/table-storage.ts";

/** What the steps of a task's life act on. */
export interface Stores {
  readonly tables: TableStorage;
  readonly objects: ObjectStorage;
  readonly queue: QueueStorage;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * How many tasks of a session may stand in the queue through direct dispatch. What is ready
   * beyond it waits for the batch's supervisor, so that pause, cancel and priority act at once.
   */
  readonly directLimit: number;
}
