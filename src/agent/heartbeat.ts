// The lease of everything the agent holds: its own heartbeat, one write a period, after a check of
// what it holds.
//
//   HB1. A heartbeat that fails is repeated at the next period. Live work is never killed for it:
//       whether an attempt still counts is decided by the store alone, at the commit point.
//   HB2. A lease counts from the beginning of its check. While it may be over, nothing begins: others
//       may rely on that, however long the agent was stopped (Y3). An agent that was taken for dead
//       renews it by a check that began after its row was there again, so after it was taken over.
//   HB3. A requested check is answered by a heartbeat that was written after the check was done and
//       its effects were stored. Heartbeats do not wait for that longer than a moment.
import { setTimeout as sleep } from "node:timers/promises";
import { createChangeEvent } from "./change-event.ts";
import { type Control, checkHeld } from "./check-held.ts";
import type { AgentContext } from "./context.ts";
import { unlessAborted } from "./retry-until-available.ts";

export interface Lease {
  /** May the agent have been taken for dead, or its answer been given up? */
  readonly isOver: boolean;
  /** Asks for a heartbeat at once; resolves when one has renewed the lease, or the agent stops. */
  renewed(): Promise<void>;
}

export interface Heartbeat extends Lease {
  /** One check, one heartbeat. */
  once(): Promise<void>;
  /** Heartbeats until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Of the lease's time, so that clocks may differ in speed. */
const SAFE = 0.9;
/** What a check leads to is usually stored within it. */
const ANSWER_MS = 100;

export function createHeartbeat(context: AgentContext, control: Control): Heartbeat {
  const { stores, owner, process, partitionId, held, idle, settings, log, stopping } = context;
  const { agents } = stores.tables;
  const { agentId } = owner;
  const due = createChangeEvent();
  const renewal = createChangeEvent();
  stopping.addEventListener("abort", renewal.notify, { once: true });
  let checkedAt = -Infinity;
  /** The highest counter, and numbers of checks: see AgentTable. */
  let heartbeats = 0;
  let requested = 0;
  let done = 0;
  /** A notice was heard: the number is in the row. */
  let isAsked = false;
  /** There is a reason not to wait for the next period. */
  let isDue = false;

  const hurry = (): void => {
    isDue = true;
    due.notify();
  };

  const readNumber = async (): Promise<void> => {
    const [row] = await agents.get([agentId]);
    isAsked = false;
    requested = row?.checksRequested ?? requested;
  };

  const check = async (): Promise<void> => {
    const number = requested;
    const { stored } = await checkHeld(context, control);
    const answered = stored.then(
      () => {
        if (number <= done) return;
        done = number;
        hurry();
      },
      (err: unknown) => {
        if (!context.ending.aborted) log.warn({ err }, "what a check led to could not be stored");
      },
    );
    if (number > done) await Promise.race([answered, sleep(ANSWER_MS)]);
  };

  const once = async (): Promise<void> => {
    if (isAsked) await readNumber();
    const began = stores.monotonicNow();
    const number = requested;
    await check();
    isDue = false;
    const report = { process, partitionId, held: held.size, idleMs: idle.ms, checksDone: done };
    const after = heartbeats > 0 ? heartbeats : undefined;
    const row = await agents.heartbeat({ ...owner, ...report, after });
    const isNext = row.heartbeats === heartbeats + 1;
    // Who takes it over needs a moment: to ask again and again would not make that shorter.
    const isNew = !isNext && row.heartbeats > 0;
    heartbeats = Math.max(heartbeats, row.heartbeats);
    requested = row.checksRequested;
    if (isNew || requested > number || isAsked) hurry();
    if (!isNext) {
      log.warn("agent was taken for dead, or did not hear the answer to a heartbeat");
      return;
    }
    checkedAt = began;
    renewal.notify();
  };

  /** Never rejects; after a failure nothing is due before the next period. */
  const tryOnce = async (signal: AbortSignal): Promise<void> => {
    await unlessAborted(signal, once).catch((err: unknown) => {
      isDue = false;
      if (!signal.aborted) log.warn({ err }, "heartbeat failed");
    });
  };

  /** Until `at`, on the monotonic clock, or until a heartbeat is due. */
  const wait = async (at: number, signal: AbortSignal): Promise<void> => {
    if (isDue || signal.aborted) return;
    const timer = new AbortController();
    const options = { signal: AbortSignal.any([signal, timer.signal]) };
    const slept = sleep(Math.max(0, at - performance.now()), undefined, options);
    await Promise.race([slept.catch(() => undefined), due.next()]);
    timer.abort();
  };

  return {
    get isOver() {
      return stores.monotonicNow() - checkedAt > SAFE * stores.scheduling.leaseMs;
    },
    async renewed() {
      const next = renewal.next();
      hurry();
      if (!stopping.aborted) await next;
    },
    once,
    async run(signal) {
      const stop = agents.onCheckRequested(agentId, () => {
        isAsked = true;
        hurry();
      });
      for (let at = performance.now(); !signal.aborted; ) {
        await wait(at + settings.heartbeatMs, signal);
        at = performance.now();
        if (!signal.aborted) await tryOnce(signal);
      }
      stop();
    },
  };
}
