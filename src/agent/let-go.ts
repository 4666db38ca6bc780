// The three ways in which an attempt leaves the agent. Each settles its message and removes its
// folder; only `giveBack` changes the task.
import type { Delivery } from "../adaptors/queue/index.ts";
import { TaskStatus } from "../domain/status.ts";
import { type Attempt, idsOf, keyOf } from "./attempt.ts";
import type { AgentContext } from "./context.ts";
import { removeFolder } from "./folder.ts";
import { createGroup } from "./group.ts";
import { insist } from "./insist.ts";

export interface LetGo {
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

export function createLetGo(context: AgentContext, failed: (error: unknown) => void): LetGo {
  const { stores, log, held, ending } = context;
  const { tables, queue, now } = stores;
  const patient = { log, signal: ending };

  const acks = createGroup<readonly Delivery[]>({
    failed,
    flush: (lists) => insist(patient, "ack messages", () => queue.ack(lists.flat())),
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
      const answers = await insist(patient, "give tasks back", () =>
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
      await insist(patient, "give messages back", () => queue.release(deliveries));
    },
    idle: acks.idle,
  };
}
