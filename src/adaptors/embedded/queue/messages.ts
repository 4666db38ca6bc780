// The rows of queue.db: one for each task on the queue of a partition.
//
//   M1. due = 0: waiting. due > 0 and no receipt: waits for that time. With a receipt: delivered,
//       and at `due` the delivery is over.
//   M2. A receipt belongs to one delivery: settling with an older one changes nothing.
//   M3. A task that is published while it is delivered waits again at once, and the delivery
//       counts no more: its receiver may be dead, or stopped for longer than anyone would wait.
//   M4. The upper half of a receipt is the receiver's, hashed. Should two share it, what one of them
//       holds is delivered twice, which may happen anyway.
import { createHash, randomInt } from "node:crypto";
import { partitionId, sessionId, taskId } from "../../../domain/ids.ts";
import type { Delivery, Message, QueueDepth } from "../../ports/queue.ts";
import type { Database } from "../database/database.ts";

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY,
    partition TEXT NOT NULL,
    session TEXT NOT NULL,
    task TEXT NOT NULL,
    priority INTEGER NOT NULL,
    due INTEGER NOT NULL DEFAULT 0,
    receipt INTEGER
  );
  CREATE UNIQUE INDEX IF NOT EXISTS messages_task ON messages (task, partition);
  CREATE INDEX IF NOT EXISTS messages_waiting ON messages (partition, priority DESC, seq)
    WHERE due = 0;
  CREATE INDEX IF NOT EXISTS messages_due ON messages (partition, due) WHERE due > 0`;

const PUBLISH = `
  INSERT INTO messages (partition, session, task, priority) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (task, partition) DO UPDATE SET
    priority = excluded.priority, receipt = NULL, due = 0
  WHERE due > 0`;
const EXPIRE = `
  UPDATE messages SET due = 0, receipt = NULL
  WHERE partition = ?1 AND due > 0 AND due <= ?2`;
const TAKE = `
  UPDATE messages SET receipt = ?3, due = ?4
  WHERE seq IN (
    SELECT seq FROM messages WHERE partition = ?1 AND due = 0
    ORDER BY priority DESC, seq LIMIT ?2
  )
  RETURNING seq, session, task, priority`;
const REMOVE = "DELETE FROM messages WHERE seq = ?1 AND receipt = ?2";
const GIVE_BACK = "UPDATE messages SET receipt = NULL, due = ?3 WHERE seq = ?1 AND receipt = ?2";
const GIVE_BACK_ALL = `
  UPDATE messages INDEXED BY messages_due SET receipt = NULL, due = 0
  WHERE due > 0 AND receipt BETWEEN ?1 AND ?2 RETURNING partition`;
const LOOK = `
  SELECT EXISTS (SELECT 1 FROM messages WHERE partition = ?1 AND due = 0) AS waiting,
    (SELECT min(due) FROM messages WHERE partition = ?1 AND due > 0) AS due`;
const DEPTH = `
  SELECT (SELECT count(*) FROM messages WHERE partition = ?1 AND due = 0)
      + (SELECT count(*) FROM messages WHERE partition = ?1 AND due > 0 AND due <= ?2) AS waiting,
    (SELECT count(*) FROM messages
      WHERE partition = ?1 AND due > 0 AND due > ?2 AND receipt IS NOT NULL) AS delivered`;
const LAST = "SELECT max(seq) AS last FROM messages";
/** By either index; bounded, so that it ends while others go on publishing. */
const PURGE = ["due = 0", "due > 0"].map(
  (state) => `
  DELETE FROM messages WHERE seq IN (
    SELECT seq FROM messages WHERE partition = ?1 AND seq <= ?2 AND ${state} LIMIT ?3
  )`,
);

interface Taken {
  seq: number;
  session: string;
  task: string;
  priority: number;
}

/** So many rows a transaction: about 10 ms, so that the event loop and other writers breathe. */
const CHUNK = 1_000;

function* chunksOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += CHUNK) yield items.slice(i, i + CHUNK);
}

const HALF = 2 ** 26;

const upperHalf = (receiver: string): number =>
  (createHash("sha256").update(receiver).digest().readUInt32BE() % HALF) * HALF;

const toReceipt = (seq: number, token: number): string => `${seq}.${token}`;
const fromReceipt = (receipt: string): [number, number] => {
  const [seq, token] = receipt.split(".").map(Number);
  return [seq ?? -1, token ?? -1];
};

export type Messages = ReturnType<typeof createMessages>;

/** The queue's verbs as statements; `now` and `until` are wall clock, as processes share them. */
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

  /** Whether there is something to take, and else when there will be, as far as is known. */
  look(partition: string, now: number): Promise<{ ready: boolean; due: number | undefined }> {
    return db.read(() => {
      const { waiting, due } = db.sql(LOOK).get(partition) as {
        waiting: 0 | 1;
        due: number | null;
      };
      return { ready: waiting === 1 || (due !== null && due <= now), due: due ?? undefined };
    });
  },

  /** Calls `taker` in a write transaction with a function that takes up to `max` messages. */
  take<T>(
    partition: string,
    { now, until }: { now: number; until: number },
    taker: (takeUpTo: (max: number, receiver: string) => Delivery[]) => T,
  ): Promise<T> {
    return db.write(() => {
      db.sql(EXPIRE).run(partition, now);
      return taker((max, receiver) => {
        const token = upperHalf(receiver) + randomInt(HALF);
        const rows = db.sql(TAKE).all(partition, max, token, until) as unknown as Taken[];
        // RETURNING promises no order.
        rows.sort((a, b) => b.priority - a.priority || a.seq - b.seq);
        return rows.map((row) => ({
          receipt: toReceipt(row.seq, token),
          message: {
            partitionId: partitionId(partition),
            sessionId: sessionId(row.session),
            taskId: taskId(row.task),
            priority: row.priority,
          },
        }));
      });
    });
  },

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    for (const chunk of chunksOf(deliveries)) {
      await db.write(() => {
        for (const { receipt } of chunk) db.sql(REMOVE).run(...fromReceipt(receipt));
      });
    }
  },

  async giveBack(deliveries: readonly Delivery[], due = 0): Promise<void> {
    for (const chunk of chunksOf(deliveries)) {
      await db.write(() => {
        for (const { receipt } of chunk) db.sql(GIVE_BACK).run(...fromReceipt(receipt), due);
      });
    }
  },

  /** Answers the partitions that have more to deliver now. */
  giveBackAll(receiver: string): Promise<ReadonlySet<string>> {
    const from = upperHalf(receiver);
    return db.write(() => {
      const rows = db.sql(GIVE_BACK_ALL).all(from, from + HALF - 1);
      return new Set(rows.map((row) => row["partition"] as string));
    });
  },

  depth: (partition: string, now: number): Promise<QueueDepth> =>
    db.read(() => ({ ...(db.sql(DEPTH).get(partition, now) as unknown as QueueDepth) })),

  async purge(partition: string): Promise<void> {
    const { last } = await db.read(() => db.sql(LAST).get() as { last: number | null });
    if (last === null) return;
    for (const purge of PURGE) {
      const purgeSome = () => db.sql(purge).run(partition, last, CHUNK).changes;
      while ((await db.write(purgeSome)) === CHUNK);
    }
  },

  ping: (): Promise<void> => db.read(() => void db.sql("SELECT 1 FROM messages LIMIT 1").get()),
});
