/** From acquired attempts to those that can run: each is prepared, ended, dropped or given back. */
import { afterInterruptions } from "../../domain/retry.ts";
import { TaskStatus } from "../../domain/status.ts";
import type { Committer } from "../commit/committer.ts";
import type { Settler } from "../commit/settle.ts";
import type { AgentContext } from "../context.ts";
import type { Attempt } from "../execution/attempt.ts";
import { createPrepare } from "./prepare.ts";
import type { ReadyQueue } from "./ready-queue.ts";

export interface TakeInOptions {
  readonly context: AgentContext;
  readonly readyQueue: ReadyQueue;
  readonly committer: Committer;
  readonly settler: Settler;
}

export function createTakeIn({ context, readyQueue, committer, settler }: TakeInOptions) {
  const prepare = createPrepare(context);

  /** Ends those that came to nothing too often before anything is done for them; answers the others. */
  const suspect = (attempts: readonly Attempt[]): Attempt[] =>
    attempts.filter((attempt) => {
      const record = afterInterruptions(attempt.task);
      if (record) committer.end(attempt, record, TaskStatus.DISPATCHED);
      return record === undefined;
    });

  return async (acquired: readonly Attempt[]): Promise<void> => {
    const attempts = suspect(acquired);
    if (attempts.length === 0) return;
    const { ready, failed } = await prepare(attempts).catch(async (error: unknown) => {
      await settler.giveBack(attempts);
      throw error;
    });
    const fetchedAt = context.stores.now();
    const waitsSince = performance.now();
    for (const attempt of attempts) Object.assign(attempt, { fetchedAt, waitsSince });
    // Those revoked while they were prepared go no further.
    const revoked = attempts.filter((attempt) => attempt.revoked);
    if (revoked.length > 0) settler.dropped(revoked);
    for (const { attempt, record } of failed)
      if (!attempt.revoked) committer.end(attempt, record, TaskStatus.DISPATCHED);
    readyQueue.put(ready.filter((attempt) => !attempt.revoked));
  };
}
