// The three ways in which an attempt leaves the agent. Each settles its message and removes its
// folder; only `giveBack` changes the task.
import type { Delivery } from "../../adaptors/queue.ts";
import { TaskStatus } from "../../domain/status.ts";
import type { AgentContext } from "../context.ts";
import { type Attempt, idsOf, keyOf } from "../execution/attempt.ts";
import { removeFolder } from "../execution/folder.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";
import { createBatcher } from "./batcher.ts";

export interface Settler {
  /** Acks messages; in groups, nobody waits. */
  ack(deliveries: readonly Delivery[]): void;
  /** Its outcome is decided, or was refused. */
  settled(attempts: readonly Attempt[]): void;
  /** It counts no more, and never ran to its end. */
  dropped(attempts: readonly Attempt[]): void;
  /** To be run by somebody else, or later: SUBMITTED again, no retry used. */
  giveBack(attempts: readonly Attempt[]): Promise<void>;
  /** Resolves when all is acked. */
  idle(): Promise<void>;
}

export function createSettler(context: AgentContext, failed: (error: unknown) => void): Settler {
  const { stores, log, held, ending } = context;
  const { tables, queue, now } = stores;
  const patient = { log, signal: ending };

  const acks = createBatcher<readonly Delivery[]>({
    failed,
    flush: (lists) => retryUntilAvailable(patient, "ack messages", () => queue.ack(lists.flat())),
  });
  const ack = (deliveries: readonly Delivery[]): void => {
    if (deliveries.length > 0) acks.add(deliveries);
  };

  const removeFolders = (attempts: readonly Attempt[]): void => {
    for (const { folder } of attempts) {
      try {
        removeFolder(folder);
      } catch (error) {
        log.warn({ err: error, folder }, "data folder left behind");
      }
    }
  };

  const settled = (attempts: readonly Attempt[]): void => {
    for (const attempt of attempts) held.delete(attempt);
    ack(attempts.map(({ delivery }) => delivery));
    removeFolders(attempts);
  };

  return {
    ack,
    settled,
    dropped(attempts) {
      for (const attempt of attempts) log.info(idsOf(attempt), "attempt dropped");
      settled(attempts);
    },
    async giveBack(attempts) {
      if (attempts.length === 0) return;
      const answers = await retryUntilAvailable(patient, "give tasks back", () =>
        tables.tasks.release(attempts.map(keyOf), now()),
      );
      for (const attempt of attempts) {
        held.delete(attempt);
        log.info(idsOf(attempt), "task given back");
      }
      removeFolders(attempts);
      // One that could not be given back is not ours any more: its message has done its work. A
      // repeated release finds itself.
      const back = attempts.filter(({ task }, i) => {
        const { ok, status, attempt } = answers[i] ?? {};
        return ok || (status === TaskStatus.SUBMITTED && attempt === task.attempt);
      });
      ack(attempts.filter((attempt) => !back.includes(attempt)).map(({ delivery }) => delivery));
      const deliveries = back.map(({ delivery }) => delivery);
      await retryUntilAvailable(patient, "give messages back", () => queue.release(deliveries));
    },
    idle: acks.idle,
  };
}
