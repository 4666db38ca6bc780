// A child process that is started again whenever it dies.
//
//   C1. At most one process of a child lives at a time, and it is always on the leash.
//   C2. A death is followed by a restart after the back-off's pause, however often.
//   C3. After `stop` or `kill` nothing is started any more; `stopped` resolves when nothing is left.
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createBackoff } from "./backoff.ts";
import { type Exit, type Leashed, startLeashed } from "./leash.ts";

export interface ChildSpec {
  /** `agent-1`; names the log file as well. */
  readonly name: string;
  /** What the table of addresses says. */
  readonly address: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** A stop may take so long before it becomes a kill. */
  readonly graceMs: number;
  /** Stop signals go to all that the program has started, which may then finish. */
  readonly wholeGroup?: boolean;
  /** Before each start: clears what the last process left behind. */
  readonly prepare?: () => void;
  /** Asked again and again until it answers true; without it a child is ready once started. */
  readonly isReady?: () => Promise<boolean>;
}

export interface Death extends Exit {
  readonly pid: number;
  readonly aliveMs: number;
  readonly pauseMs: number;
}

export interface ChildEvents {
  started(child: Child): void;
  ready(child: Child): void;
  died(child: Child, death: Death): void;
}

export interface Child {
  readonly spec: ChildSpec;
  readonly pid: number | undefined;
  readonly isReady: boolean;
  /** Rejects when the child cannot be run at all: a bug, or no processes left on the machine. */
  readonly stopped: Promise<void>;
  /** Ends the process that runs now; another follows. */
  restart(): void;
  stop(): void;
  kill(): void;
}

const LOOK_MS = 30;
/** What a worker's command has started may finish within this, once the command itself is gone. */
const AFTERLIFE_MS = 1_000;
/** Between SIGTERM and SIGKILL of a process that is only to make room for the next. */
const RESTART_GRACE_MS = 1_000;

async function launch({ command, env, logFile, wholeGroup }: ChildSpec): Promise<Leashed> {
  const output = openSync(logFile, "a");
  try {
    return await startLeashed({ command, env, output, afterlifeMs: wholeGroup ? AFTERLIFE_MS : 0 });
  } finally {
    closeSync(output);
  }
}

export function openChild(spec: ChildSpec, events: ChildEvents): Child {
  const stopping = new AbortController();
  const backoff = createBackoff();
  const whom = spec.wholeGroup ? "group" : "leader";
  let current: Leashed | undefined;
  let isReady = false;
  let killed = false;

  const untilReady = async (leashed: Leashed): Promise<void> => {
    while (current === leashed && !(spec.isReady ? await spec.isReady() : true)) {
      await sleep(LOOK_MS);
    }
    if (current !== leashed) return;
    isReady = true;
    events.ready(child);
  };

  const runOnce = async (): Promise<Death> => {
    spec.prepare?.();
    const start = performance.now();
    const leashed = await launch(spec);
    current = leashed;
    // Whoever stopped it meanwhile could not reach it.
    if (stopping.signal.aborted) end(killed ? 0 : spec.graceMs);
    events.started(child);
    const [exit] = await Promise.all([
      leashed.gone.finally(() => {
        current = undefined;
        isReady = false;
      }),
      untilReady(leashed),
    ]);
    const aliveMs = performance.now() - start;
    return { ...exit, pid: leashed.pid, aliveMs, pauseMs: backoff.pauseAfter(aliveMs) };
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const death = await runOnce();
      if (stopping.signal.aborted) return;
      events.died(child, death);
      await sleep(death.pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  /** SIGTERM now, SIGKILL to what is left of the same process after the grace. */
  const end = (graceMs: number): void => {
    const leashed = current;
    if (!leashed) return;
    leashed.signal("SIGTERM", whom);
    const late = setTimeout(() => leashed.signal("SIGKILL", "group"), graceMs);
    void leashed.gone.finally(() => clearTimeout(late));
  };

  const child: Child = {
    spec,
    get pid() {
      return current?.pid;
    },
    get isReady() {
      return isReady;
    },
    get stopped() {
      return stopped;
    },
    restart: () => end(RESTART_GRACE_MS),
    stop() {
      stopping.abort();
      end(spec.graceMs);
    },
    kill() {
      killed = true;
      stopping.abort();
      current?.signal("SIGKILL", "group");
    },
  };
  const stopped = run();
  return child;
}
