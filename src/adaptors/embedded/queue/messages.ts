// The rows of queue.db: one for each task that waits on the queue of a partition.
//
//   EM1. Taking a message removes its row: from there the receiver has it in memory, and the tables
//       say what has become of the task. What a process holds when it dies is lost with it.
//   EM2. A task that waits already is not added a second time.
import { partitionId, sessionId, taskId } from "../../../domain/ids.ts";
import type { Message } from "../../ports/queue.ts";
import type { Database } from "../database/database.ts";

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY,
    partition TEXT NOT NULL,
    session TEXT NOT NULL,
    task TEXT NOT NULL,
    priority INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS messages_task ON messages (task, partition);
  CREATE INDEX IF NOT EXISTS messages_order ON messages (partition, priority DESC, seq)`;

const PUBLISH = `
  INSERT INTO messages (partition, session, task, priority) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (task, partition) DO NOTHING`;
const TAKE = `
  DELETE FROM messages WHERE seq IN (
    SELECT seq FROM messages WHERE partition = ?1 ORDER BY priority DESC, seq LIMIT ?2
  )
  RETURNING seq, session, task, priority`;
const LOOK = "SELECT 1 FROM messages WHERE partition = ?1 LIMIT 1";
const COUNT = "SELECT count(*) AS waiting FROM messages WHERE partition = ?1";

interface Taken {
  seq: number;
  session: string;
  task: string;
  priority: number;
}

/** This many rows a transaction: about 10 ms, so that the event loop and other writers breathe. */
const CHUNK = 1_000;

function* chunksOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += CHUNK) yield items.slice(i, i + CHUNK);
}

export type Messages = ReturnType<typeof createMessages>;

/** The queue's verbs as statements. */
export const createMessages = (db: Database) => ({
  async publish(messages: readonly Message[]): Promise<void> {
    for (const chunk of chunksOf(messages)) {
      await db.write(() => {
        for (const { partitionId, sessionId, taskId, priority } of chunk) {
          db.sql(PUBLISH).run(partitionId, sessionId, taskId, priority);
        }
      });
    }
  },

  hasSome: (partition: string): Promise<boolean> =>
    db.read(() => db.sql(LOOK).get(partition) !== undefined),

  /** Calls `taker` in a write transaction with a function that takes up to `max` messages. */
  take: <T>(partition: string, taker: (takeUpTo: (max: number) => Message[]) => T): Promise<T> =>
    db.write(() =>
      taker((max) => {
        const rows = db.sql(TAKE).all(partition, max) as unknown as Taken[];
        // RETURNING promises no order.
        rows.sort((a, b) => b.priority - a.priority || a.seq - b.seq);
        return rows.map((row) => ({
          partitionId: partitionId(partition),
          sessionId: sessionId(row.session),
          taskId: taskId(row.task),
          priority: row.priority,
        }));
      }),
    ),

  count: (partition: string): Promise<number> =>
    db.read(() => (db.sql(COUNT).get(partition) as { waiting: number }).waiting),

  ping: (): Promise<void> => db.read(() => void db.sql("SELECT 1 FROM messages LIMIT 1").get()),
});
