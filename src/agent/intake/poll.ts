// Keeps tasks ready for the worker.
//
//   PO1. A task is acquired at most once by this agent at a time, and what is acquired is run, decided,
//       given back, paused with its session, or dropped when it is revoked.
//   PO2. Tasks taken and not started are at most `prefetch`, and as few as keep the worker busy: see
//       prefetch-policy.ts.
//   PO3. Behind a long task nobody waits longer than `holdMs` if another agent might run it, and
//       nothing new is taken until the worker is free again.
//   PO4. After a stop nothing is taken; `poll()` resolves when all that was in its hands is given
//       back or in the ready queue.
import type { Delivery } from "../../adaptors/queue.ts";
import type { ChangeEvent } from "../change-event.ts";
import { createBatcher } from "../commit/batcher.ts";
import type { Committer } from "../commit/committer.ts";
import type { Settler } from "../commit/settle.ts";
import type { AgentContext } from "../context.ts";
import type { Attempt } from "../execution/attempt.ts";
import type { Runner } from "../execution/runner.ts";
import { retryUntilAvailable } from "../retry-until-available.ts";
import type { WorkerClient } from "../worker/worker-client.ts";
import { acquire } from "./acquire.ts";
import type { PrefetchPolicy } from "./prefetch-policy.ts";
import type { ReadyQueue } from "./ready-queue.ts";
import { createTakeIn } from "./take-in.ts";

export interface PollsterOptions {
  readonly context: AgentContext;
  readonly worker: WorkerClient;
  readonly readyQueue: ReadyQueue;
  readonly prefetchPolicy: PrefetchPolicy;
  readonly runner: Runner;
  readonly committer: Committer;
  readonly settler: Settler;
  readonly failed: (error: unknown) => void;
  /** Notified whenever the worker takes or ends a task. */
  readonly changed: ChangeEvent;
}

/** How often to look at what no event tells: the age of things. */
const TICK_MS = 200;
/** After this long without work, what the last tasks were like means nothing. */
const FORGET_MS = 1_000;
/** If a task has waited this long, no idle agent exists to take it. */
const UNWANTED_MS = 200;

type State =
  /** It has no room, or takes only what nobody else wants. */
  | { readonly mode: "looking" }
  /** At the queue; aborting `leave` calls it back. */
  | { readonly mode: "waiting"; readonly leave: AbortController }
  /** What it received is on its way to the ready queue. */
  | { readonly mode: "taking" }
  /** PO3: it takes nothing before the worker is free of this attempt. */
  | { readonly mode: "blocked"; readonly by: Attempt };

const LOOKING: State = { mode: "looking" };

/** Takes tasks until the agent stops. */
export async function poll(options: PollsterOptions): Promise<void> {
  const { context, readyQueue, prefetchPolicy, runner, committer, settler, changed, worker } =
    options;
  const { stores, stopping, ending, idle, log, metrics, partitionId, settings } = context;
  const { queue, tables } = stores;
  const takeIn = createTakeIn({ context, readyQueue, committer, settler });
  const acks = createBatcher<readonly Delivery[]>({
    failed: options.failed,
    flush: (lists) =>
      retryUntilAvailable({ log, signal: ending }, "acknowledge messages", () =>
        queue.ack(lists.flat()),
      ),
  });

  let state = LOOKING;
  const enter = (next: State): void => {
    state = next;
    if (next.mode !== "waiting") idle.end();
  };
  /** Only from where it was left: the attempt that blocks it stays in between. */
  const leave = (mode: State["mode"]): void => {
    if (state.mode === mode) enter(LOOKING);
  };
  const block = (by: Attempt): void => {
    if (state.mode === "waiting") state.leave.abort();
    enter({ mode: "blocked", by });
  };

  /** How many to take now; 0 = none yet. */
  const roomNow = (): number => {
    if (state.mode === "blocked" && runner.current !== state.by) leave("blocked");
    if (!worker.isReady() || state.mode === "blocked") return 0;
    const wanted = prefetchPolicy.wanted(runner.elapsedMs);
    const missing = wanted - readyQueue.size;
    // Not one by one: an acquisition of many costs hardly more than that of one.
    return missing * 2 >= wanted ? missing : 0;
  };

  const room = async (): Promise<number> => {
    while (!stopping.aborted) {
      const missing = roomNow();
      if (missing > 0 && !prefetchPolicy.isSaturated(runner.elapsedMs)) return missing;
      await changed.next();
      const isUnwanted =
        missing > 0 && (await tables.tasks.isWaiting(partitionId, UNWANTED_MS)) && roomNow() > 0;
      if (isUnwanted) return 1;
    }
    return 0;
  };

  const receive = async (max: number): Promise<readonly Delivery[]> => {
    const called = new AbortController();
    enter({ mode: "waiting", leave: called });
    try {
      const signal = AbortSignal.any([stopping, called.signal]);
      return await queue.receive(partitionId, max, signal);
    } finally {
      leave("waiting");
    }
  };

  const takeSome = async (): Promise<void> => {
    const max = await room();
    if (stopping.aborted) return;
    const deliveries = await receive(max);
    if (deliveries.length === 0) return;
    const messages = deliveries.map(({ message }) => message);
    if (stopping.aborted || state.mode === "blocked") {
      await queue.publish(messages);
      acks.add(deliveries);
      return;
    }
    enter({ mode: "taking" });
    try {
      const attempts = await acquire(context, messages);
      acks.add(deliveries);
      await takeIn(attempts);
    } finally {
      leave("taking");
    }
  };

  /** Nothing is repeated for the sake of a task that would be given back anyway. */
  const takeUnlessStopped = (): Promise<void> =>
    takeSome().catch((error: unknown) => {
      if (!stopping.aborted) throw error;
      log.warn({ err: error }, "tasks that were being taken are left to others");
    });

  /** PO3. */
  const relieve = async (): Promise<void> => {
    const latest = performance.now() - settings.holdMs;
    const isStale = ({ waitsSince }: { waitsSince: number }) => waitsSince < latest;
    if (!readyQueue.some(isStale) || !(await hasNeighbours(context))) return;
    // What it is taking now would come behind the long task all the same: at the next tick.
    if (state.mode === "taking") return;
    if (runner.current) block(runner.current);
    await settler.giveBack(readyQueue.remove(isStale));
  };

  let relieving: Promise<void> | undefined;
  const tick = (): void => {
    metrics.prefetched.set(readyQueue.size);
    const { elapsedMs } = runner;
    const hasWork = elapsedMs !== undefined || readyQueue.size > 0;
    if (state.mode === "waiting" && worker.isReady() && !hasWork) idle.start();
    else idle.end();
    if (runner.idleMs > FORGET_MS) prefetchPolicy.forget();
    if (state.mode === "waiting" && prefetchPolicy.isSaturated(elapsedMs)) state.leave.abort();
    if (!worker.isReady() || worker.isSilent()) readyQueue.look();
    if (elapsedMs !== undefined || !worker.isReady()) {
      relieving ??= relieve()
        .catch((err: unknown) => log.warn({ err }, "tasks could not be given back"))
        .finally(() => {
          relieving = undefined;
        });
    }
    changed.notify();
  };
  const timer = setInterval(tick, TICK_MS);
  stopping.addEventListener("abort", changed.notify, { once: true });
  try {
    // Not given up in the middle: what it has in its hands must be settled (PO4).
    while (!stopping.aborted)
      await retryUntilAvailable({ log, signal: ending }, "take tasks", takeUnlessStopped);
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    clearInterval(timer);
    await relieving;
    await acks.idle();
  }
}

/** Does another agent serve the same partition? */
async function hasNeighbours(context: AgentContext): Promise<boolean> {
  const { stores, owner, partitionId, log, stopping: signal } = context;
  const agents = await retryUntilAvailable({ log, signal }, "neighbours", () =>
    stores.tables.agents.list(),
  );
  return agents.some(
    (agent) => agent.partitionId === partitionId && agent.agentId !== owner.agentId,
  );
}
