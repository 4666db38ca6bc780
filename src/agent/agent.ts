// One agent: one partition, one worker beside it.
//
//   AG1. It writes its first heartbeat before it acquires a task, so that whatever it holds has an
//       owner that can be found dead.
//   AG2. It stops in order: takes nothing more, gives back what has not started, lets the running
//       task end within the grace delay, else gives it back too; then, when all is committed, says
//       that it is gone. No retry is used.
//   AG3. When its worker has not served for its patience it stops in the same order, and then fails:
//       whoever started the two starts both anew.
import { setTimeout as sleep } from "node:timers/promises";
import type { TaskId } from "../domain/ids.ts";
import { pauseAttempts } from "../lifecycle/pause-attempts.ts";
import { createChangeEvent } from "./change-event.ts";
import { type CommitterOptions, createCommitter } from "./commit/committer.ts";
import { createFlushDelay } from "./commit/flush-delay.ts";
import { createSettler } from "./commit/settle.ts";
import type { AgentContext } from "./context.ts";
import type { Attempt } from "./execution/attempt.ts";
import { createRunner } from "./execution/runner.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { createIdleTime } from "./idle-time.ts";
import { poll } from "./intake/poll.ts";
import { createPrefetchPolicy } from "./intake/prefetch-policy.ts";
import { createReadyQueue } from "./intake/ready-queue.ts";
import { retryUntilAvailable } from "./retry-until-available.ts";
import { WorkerAwayError, type WorkerClient } from "./worker/worker-client.ts";

export interface Agent {
  /** The attempt whose worker call runs now: whose token is good. */
  readonly current: Attempt | undefined;
  /** What its parts share, for the service beside it. */
  readonly context: AgentContext;
  /** Tasks that it holds. */
  taskIds(): TaskId[];
  /**
   * Resolves after a stop.
   *
   * @throws {WorkerAwayError} when the worker does not serve; what the agent held is given back.
   * @throws what ended an agent that could not go on; what it held is taken over by others.
   */
  run(): Promise<void>;
}

export interface AgentOptions extends Omit<AgentContext, "held" | "idle" | "stopping" | "ending"> {
  readonly worker: WorkerClient;
  /** Aborts when the agent is to stop. */
  readonly signal: AbortSignal;
}

/** A worker that has never served this agent is waited for at least this long. */
const START_PATIENCE_MS = 80_000;
/** Beyond the grace delay: what the last commit may take. */
const LAST_COMMIT_MS = 5_000;

export function createAgent({ worker, signal, ...given }: AgentOptions): Agent {
  const stop = new AbortController();
  const end = new AbortController();
  const finished = new AbortController();
  const context: AgentContext = {
    ...given,
    held: new Set(),
    idle: createIdleTime(),
    stopping: AbortSignal.any([signal, stop.signal]),
    ending: end.signal,
  };
  const { settings, log, stores, owner, stopping, held } = context;
  let failure: { readonly error: unknown } | undefined;

  /** What cannot be repaired from inside ends the agent; its tasks are taken over. */
  const failed: CommitterOptions["failed"] = (error) => {
    if (end.signal.aborted) return;
    failure ??= { error };
    log.fatal({ err: error }, "agent cannot go on");
    stop.abort();
    end.abort();
  };

  /** Nothing is wrong with the agent: what it holds is settled. */
  const workerAway = (error: WorkerAwayError): void => {
    if (stopping.aborted) return;
    failure = { error };
    log.fatal({ reason: error.message }, "the worker does not serve: the agent ends");
    stop.abort();
  };

  const readyQueue = createReadyQueue();
  const changed = createChangeEvent();
  const prefetchPolicy = createPrefetchPolicy(settings.prefetch);
  const settler = createSettler(context);

  const revoke = (attempts: readonly Attempt[]): void => {
    for (const attempt of attempts) {
      attempt.revoked = true;
      runner.cancel(attempt);
    }
    const waiting = readyQueue.remove(({ revoked }) => revoked);
    if (waiting.length > 0) settler.dropped(waiting);
  };
  const pause = async (attempts: readonly Attempt[]): Promise<void> => {
    for (const attempt of attempts) attempt.revoked = true;
    const waiting = readyQueue.remove(({ revoked }) => revoked);
    const tasks = attempts.map(({ task }) => task);
    await retryUntilAvailable({ log, signal: end.signal }, "pause tasks", () =>
      pauseAttempts(stores, tasks),
    );
    if (waiting.length > 0) settler.dropped(waiting);
  };
  const flushDelay = createFlushDelay(() => readyQueue.size > 0 && worker.isReady());
  const committer = createCommitter({
    context,
    settler,
    revoke,
    failed,
    flushDelay: flushDelay.wait,
  });
  const heartbeat = createHeartbeat(context, { revoke, pause, started: committer.started });
  const runner = createRunner({
    ...{ context, worker, lease: heartbeat, readyQueue, prefetchPolicy, committer, settler },
    changed: () => {
      flushDelay.look();
      changed.notify();
    },
  });

  const giveBackWaiting = () => settler.giveBack(readyQueue.remove(() => true));

  /**
   * The running task may end; then, or after the grace delay, everything is settled. The clock runs
   * from the stop on, whatever the stores do: what is not settled in time is left to others.
   */
  const windUp = async (polling: Promise<void>, running: Promise<void>): Promise<void> => {
    const timers = new AbortController();
    const after = (ms: number, act: () => void): void => {
      sleep(ms, undefined, { signal: timers.signal }).then(act, () => undefined);
    };
    after(settings.graceDelayMs, runner.interrupt);
    after(settings.graceDelayMs * 2 + LAST_COMMIT_MS, () => end.abort());
    try {
      await polling;
      await giveBackWaiting();
      await running;
      await giveBackWaiting();
      await committer.idle();
    } finally {
      timers.abort();
    }
  };

  /** Removes the agent's row. One that is left behind is recovered as if its agent had died. */
  const removeRow = async (): Promise<void> => {
    const limit = { log, signal: AbortSignal.timeout(LAST_COMMIT_MS) };
    await retryUntilAvailable(limit, "last heartbeat", () =>
      stores.tables.agents.remove(owner.agentId),
    ).catch((err: unknown) => log.warn({ err }, "agent's row was left behind"));
  };

  return {
    context,
    taskIds: () => [...held].map(({ task }) => task.taskId),
    get current() {
      return runner.current;
    },
    async run() {
      try {
        const patienceMs = Math.max(START_PATIENCE_MS, settings.workerPatienceMs);
        await worker.becomeReady(stopping, patienceMs);
        await retryUntilAvailable({ log, signal: stopping }, "first heartbeat", () =>
          heartbeat.once(),
        );
      } catch (error) {
        if (stopping.aborted) return;
        throw error;
      }
      const heartbeating = heartbeat.run(finished.signal);
      const options = {
        context,
        worker,
        readyQueue,
        prefetchPolicy,
        runner,
        committer,
        settler,
        failed,
        changed,
      };
      const polling = poll(options).catch(failed);
      const running = runner.run().catch((error: unknown) => {
        if (error instanceof WorkerAwayError) workerAway(error);
        else failed(error);
      });
      await aborted(stopping);
      await windUp(polling, running).catch(failed);
      finished.abort();
      await heartbeating;
      const isOurs = failure !== undefined && !(failure.error instanceof WorkerAwayError);
      if (!isOurs && held.size === 0) await removeRow();
      if (failure) throw failure.error;
      log.info({ left: held.size }, "agent stopped");
    },
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
