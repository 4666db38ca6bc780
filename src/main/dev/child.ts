// A child process that is started again whenever it dies.
//
//   CH1. At most one process of a child lives at a time, and the guard knows it.
//   CH2. A death is followed by a restart after the back-off's pause, however often.
//   CH3. A process that stays stopped is killed: it does nothing, and may hold a lock of the storage.
//   CH4. After `stop` or `kill` nothing is started any more; `stopped` resolves when nothing is left.
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createBackoff } from "./backoff.ts";
import type { Guard } from "./guard.ts";
import { type Exit, type ProcessGroup, startGroup } from "./process-group.ts";
import { watchForStop } from "./stopped.ts";

export interface ChildSpec {
  /** `agent-1`; names the log file as well. */
  readonly name: string;
  /** What the table of addresses says. */
  readonly address: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** A stop may take this long before it becomes a kill. */
  readonly graceMs: number;
  /** Stop signals go to the whole process group; its members may finish. */
  readonly wholeGroup?: boolean;
  /** Before each start: clears what the last process left behind. */
  readonly prepare?: () => void;
  /** Readiness probe, polled until true; without it a child is ready once started. */
  readonly isReady?: () => Promise<boolean>;
}

export interface Death extends Exit {
  readonly pid: number | undefined;
  readonly wasReady: boolean;
  /** Before the next start. */
  readonly pauseMs: number;
}

export interface ChildEvents {
  started(child: Child): void;
  ready(child: Child): void;
  /** It was stopped for too long and is killed now. */
  stuck(child: Child): void;
  died(child: Child, death: Death): void;
}

export interface Child {
  readonly spec: ChildSpec;
  readonly pid: number | undefined;
  readonly isReady: boolean;
  /** Rejects only for a bug. */
  readonly stopped: Promise<void>;
  /** Ends the process that runs now; another follows. */
  restart(): void;
  /** Lets a stopped process go on. */
  wake(): void;
  stop(): void;
  kill(): void;
}

export interface ChildSurroundings {
  readonly events: ChildEvents;
  readonly guard: Guard;
  readonly maxStoppedMs: number;
}

const LOOK_MS = 30;
/** What a worker's command has started may finish within this, once the command itself is gone. */
const AFTERLIFE_MS = 1_000;
/** Between SIGTERM and SIGKILL of a process that is only to make room for the next. */
const RESTART_GRACE_MS = 1_000;

function launch({ command, env, logFile, wholeGroup }: ChildSpec, guard: Guard): ProcessGroup {
  const output = openSync(logFile, "a");
  const closed = () => closeSync(output);
  const afterlifeMs = wholeGroup ? AFTERLIFE_MS : 0;
  const group = startGroup({ command, env, output, afterlifeMs, guard });
  void group.gone.finally(closed);
  return group;
}

/** Until it says so, or its process is not the current one any more. */
async function untilReady({ isReady }: ChildSpec, isCurrent: () => boolean): Promise<boolean> {
  while (isCurrent() && isReady && !(await isReady())) await sleep(LOOK_MS);
  return isCurrent();
}

export function openChild(spec: ChildSpec, dependencies: ChildSurroundings): Child {
  const { events, guard, maxStoppedMs } = dependencies;
  const stopping = new AbortController();
  const backoff = createBackoff();
  let current: ProcessGroup | undefined;
  let isReady = false;

  const runOnce = async (): Promise<Death> => {
    spec.prepare?.();
    const start = performance.now();
    const group = launch(spec, guard);
    current = group;
    events.started(child);
    void untilReady(spec, () => current === group).then((ready) => {
      if (!ready) return;
      isReady = true;
      events.ready(child);
    });
    const onStuck = (): void => {
      events.stuck(child);
      group.signal("SIGKILL", "group");
    };
    using _ =
      group.pid === undefined ? undefined : watchForStop(group.pid, { maxStoppedMs, onStuck });
    const exit = await group.gone;
    const death = { ...exit, pid: group.pid, wasReady: isReady };
    current = undefined;
    isReady = false;
    return { ...death, pauseMs: backoff.pauseAfter(performance.now() - start) };
  };

  const run = async (): Promise<void> => {
    // Whoever opens the child must have it in hand before the first event.
    await Promise.resolve();
    while (!stopping.signal.aborted) {
      const death = await runOnce();
      if (stopping.signal.aborted) return;
      events.died(child, death);
      await sleep(death.pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  /** SIGTERM now, SIGKILL to what is left of the same process after the grace. */
  const end = (graceMs: number): void => {
    const group = current;
    if (!group) return;
    const whom = spec.wholeGroup ? "group" : "leader";
    group.signal("SIGTERM", whom);
    // What is stopped hears it only once it goes on.
    group.signal("SIGCONT", whom);
    const late = setTimeout(() => group.signal("SIGKILL", "group"), graceMs);
    void group.gone.finally(() => clearTimeout(late));
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
    wake: () => current?.signal("SIGCONT", "group"),
    stop() {
      stopping.abort();
      end(spec.graceMs);
    },
    kill() {
      stopping.abort();
      current?.signal("SIGKILL", "group");
    },
  };
  const stopped = run();
  return child;
}
