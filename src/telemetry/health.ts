// Whether this process can do its work.
//
//   HE1. Ready = every check passes and `drain()` was not called; started = was ready once.
//   HE2. A check that does not answer in time has failed: what hangs is as good as away.
//   HE3. However many ask at once, each check runs once: a storm of probes is one probe.
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "./logger.ts";

/** Resolves when the thing is well. */
export type Check = () => Promise<void>;

interface CheckOutcome {
  readonly name: string;
  /** Why not, if the check failed. */
  readonly failure?: string | undefined;
}

interface Readiness {
  readonly ready: boolean;
  readonly outcomes: readonly CheckOutcome[];
}

export interface Health extends Disposable {
  /** Runs the checks now. */
  readiness(): Promise<Readiness>;
  readonly started: boolean;
  /** Tells each change of readiness; answers how to stop. */
  onChange(listener: (ready: boolean) => void): () => void;
  /** Not ready any more, so that balancers look elsewhere before the end. */
  drain(): void;
}

export interface HealthOptions {
  readonly checks: Readonly<Record<string, Check>>;
  readonly log: Logger;
  /** Pause between two rounds that nobody asked for. */
  readonly periodMs?: number;
  readonly timeoutMs?: number;
}

async function run(name: string, check: Check, timeoutMs: number): Promise<CheckOutcome> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, `no answer in ${timeoutMs} ms`, { signal: timer.signal });
  const failed = (error: unknown): string => (error instanceof Error ? error.message : `${error}`);
  // The timer is cancelled below, after the race: its rejection means nothing.
  late.catch(() => {});
  const failure = await Promise.race([Promise.try(check).then(() => undefined, failed), late]);
  timer.abort();
  return { name, failure };
}

export function openHealth(options: HealthOptions): Health {
  const { checks, log, periodMs = 5_000, timeoutMs = 2_000 } = options;
  const listeners = new Set<(ready: boolean) => void>();
  let round: Promise<Readiness> | undefined;
  let ready = false;
  let started = false;
  let drained = false;

  const settle = (next: boolean, outcomes: readonly CheckOutcome[]): void => {
    started ||= next;
    if (next === ready) return;
    ready = next;
    if (ready) log.info("ready");
    else log.warn({ failures: outcomes.filter(({ failure }) => failure) }, "not ready");
    for (const listener of listeners) listener(ready);
  };

  const runAll = async (): Promise<Readiness> => {
    const outcomes = await Promise.all(
      Object.entries(checks).map(([name, check]) => run(name, check, timeoutMs)),
    );
    settle(!drained && outcomes.every(({ failure }) => failure === undefined), outcomes);
    return { ready, outcomes };
  };

  const readiness = (): Promise<Readiness> => {
    round ??= runAll().finally(() => {
      round = undefined;
    });
    return round;
  };

  const timer = setInterval(readiness, periodMs).unref();
  void readiness();

  return {
    readiness,
    get started() {
      return started;
    },
    onChange(listener) {
      listeners.add(listener);
      listener(ready);
      return () => {
        listeners.delete(listener);
      };
    },
    drain() {
      drained = true;
      settle(false, []);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      listeners.clear();
    },
  };
}
