// The three ways in which an attempt leaves the agent. Each removes its folder; only `giveBack`
// changes the task.
//
//   SE1. Giving back is a release and a message, in this order, and may be repeated from any point:
//       a release that was carried out finds itself, and a second message does no harm.
import { TaskStatus } from "../../domain/status.ts";
import { toMessage } from "../../lifecycle/dispatch.ts";
import type { AgentContext } from "../context.ts";
import { type Attempt, idsOf, keyOf } from "../execution/attempt.ts";
import { removeFolder } from "../execution/folder.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";

export interface Settler {
  /** Its outcome is decided, or was refused. */
  settled(attempts: readonly Attempt[]): void;
  /** It counts no more, and never ran to its end. */
  dropped(attempts: readonly Attempt[]): void;
  /** To be run by somebody else, or later: SUBMITTED again, no retry used. */
  giveBack(attempts: readonly Attempt[]): Promise<void>;
}

export function createSettler(context: AgentContext): Settler {
  const { stores, log, held, ending } = context;
  const { tables, queue, now } = stores;
  const patient = { log, signal: ending };

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
    removeFolders(attempts);
  };

  return {
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
      for (const attempt of attempts) log.info(idsOf(attempt), "task given back");
      settled(attempts);
      // One that could not be given back is not ours any more. A repeated release finds itself.
      const back = attempts.filter(({ task }, i) => {
        const { ok, status, attempt } = answers[i] ?? {};
        return ok || (status === TaskStatus.SUBMITTED && attempt === task.attempt);
      });
      await retryUntilAvailable(patient, "publish tasks given back", () =>
        queue.publish(back.map(({ task }) => toMessage(task))),
      );
    },
  };
}
