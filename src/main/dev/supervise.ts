// Keeps the processes of a grid running until told to stop.
//
//   DS1. Usable means: every child was ready at the same time.
//   DS2. Until then a child that cannot be started, or dies again and again, ends the start with the
//       reason; afterwards it is started again for ever.
//   DS3. However it ends, it returns only when no process is left.
import { once } from "node:events";
import { WORKER_AWAY } from "../exit-codes.ts";
import type { Child, ChildEvents, ChildSpec, Death } from "./child.ts";
import { type ChildProcesses, type CrewSpecs, openChildProcesses } from "./child-processes.ts";
import { deathNotice, howItEnded, lastLines, stuckNotice } from "./console.ts";
import { type Guard, openGuard } from "./guard.ts";
import { CANNOT_RUN } from "./process-group.ts";
import { StartError } from "./start-error.ts";
import type { StopSignals } from "./stop-signals.ts";

export interface Supervision {
  readonly specs: CrewSpecs;
  readonly signals: StopSignals;
  /** A child that stays stopped (SIGSTOP) for longer is killed and started again. */
  readonly maxStoppedMs: number;
  readonly tell: (text: string) => void;
  /** A child has a new process. */
  readonly onStarted: (children: readonly Child[]) => void;
  readonly onUsable: (children: readonly Child[]) => void;
}

const DEATHS_BEFORE_GIVING_UP = 3;
/** As shells answer. */
const NOT_FOUND = 127;
const IMPATIENCE_MS = 10_000;

const isHopeless = ({ code }: Death): boolean => code === CANNOT_RUN || code === NOT_FOUND;

const adviceFor = ({ name, command: [program] }: ChildSpec): string => {
  if (name === "temporal") return ` It was started as ${program}.`;
  return name.startsWith("worker") ? " Correct the command given with --worker." : "";
};

const giveUp = ({ spec }: Child, death: Death): StartError => {
  const { name, logFile } = spec;
  const end = `${logFile} ends with\n${lastLines(logFile)}`;
  return new StartError(
    `${name} ${howItEnded(death)} before the grid was ready.${adviceFor(spec)} ${end}`,
  );
};

/** Opens the child processes; `failed` rejects if it cannot be made usable. */
function launch(supervision: Supervision, guard: Guard) {
  const { specs, tell, onStarted, onUsable, maxStoppedMs } = supervision;
  const failed = Promise.withResolvers<never>();
  const deaths = new Map<Child, number>();
  let usable = false;
  const tooMany = (child: Child): boolean => {
    // Those who need Temporal end while it is not there yet: that proves nothing.
    if (child !== childProcesses.temporal && childProcesses.temporal?.isReady === false)
      return false;
    const count = (deaths.get(child) ?? 0) + 1;
    deaths.set(child, count);
    return count >= DEATHS_BEFORE_GIVING_UP;
  };
  const events: ChildEvents = {
    started: () => onStarted(childProcesses.all),
    ready: () => {
      if (usable || !childProcesses.all.every(({ isReady }) => isReady)) return;
      usable = true;
      onUsable(childProcesses.all);
    },
    stuck: (child) => tell(stuckNotice(child, maxStoppedMs / 1_000)),
    died: (child, death) => {
      if (!usable && (isHopeless(death) || tooMany(child))) {
        failed.reject(giveUp(child, death));
        return;
      }
      tell(deathNotice(child, death));
      // A task may still run in its worker, for which nobody waits any more; or it does not serve.
      const isWorkerToGo = death.wasReady || (usable && death.code === WORKER_AWAY);
      if (isWorkerToGo) childProcesses.workerOf(child)?.restart();
    },
  };
  const childProcesses: ChildProcesses = openChildProcesses(specs, { events, guard, maxStoppedMs });
  return { childProcesses, failed: failed.promise, isUsable: () => usable };
}

/** Says every now and then who keeps the start waiting. */
function complain(
  childProcesses: ChildProcesses,
  isUsable: () => boolean,
  tell: Supervision["tell"],
): NodeJS.Timeout {
  return setInterval(() => {
    const missing = childProcesses.all.filter(({ isReady }) => !isReady);
    const logs = missing.map(({ spec: { name, logFile } }) => `${name} (${logFile})`);
    if (!isUsable()) tell(`Still waiting for ${logs.join(", ")} …`);
  }, IMPATIENCE_MS);
}

async function told(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

/** Resolves after a stop signal, once everything has ended. @throws {StartError} see DS2. */
export async function supervise(supervision: Supervision): Promise<void> {
  const { signals, tell } = supervision;
  await using guard = openGuard();
  const { childProcesses, failed, isUsable } = launch(supervision, guard);
  const complaints = complain(childProcesses, isUsable, tell);
  const broken = Promise.all(childProcesses.all.map(({ stopped }) => stopped));
  signals.kill.addEventListener("abort", childProcesses.kill);
  try {
    await Promise.race([told(signals.drain), failed, broken]);
    tell("Stopping …");
  } catch (error) {
    childProcesses.kill();
    throw error;
  } finally {
    clearInterval(complaints);
    await childProcesses.stop();
    signals.kill.removeEventListener("abort", childProcesses.kill);
  }
}
