// Tells session workflows which batches are stored.
//
//   AN1. Told at least once: a batch is marked as announced only after Temporal took the signal, and
//       a failed announcement stays due.
//   AN2. At once, if the session was quiet; then at most ten times a second and session: what comes
//       meanwhile shares an announcement. Batches are few (I7), whatever the number of calls.
//   AN3. Disposal tries what is due once more, without a pause. What fails then is found by
//       whoever lives: an announcer looks at all sessions, not at its own only.
import type { TableStorage } from "../adaptors/ports/table-storage.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { SessionWorkflows } from "./session-workflows.ts";

export interface Announcer extends AsyncDisposable {
  /** New tasks of the session are stored with their batches. */
  submitted(sessionId: SessionId): void;
  /** Takes over, at the same pace, what other processes stored and do not announce themselves. */
  look(): Promise<void>;
}

export interface AnnouncerDependencies {
  readonly tables: { readonly batches: Pick<TableStorage["batches"], "unannounced" | "announced"> };
  readonly workflows: Pick<SessionWorkflows, "batchesSubmitted">;
  readonly log: Logger;
  readonly clock?: Clock;
}

export interface Clock {
  /** Calls back once; answers how to give up. */
  after(ms: number, then: () => void): () => void;
}

const SYSTEM_CLOCK: Clock = {
  after(ms, then) {
    const timer = setTimeout(then, ms).unref();
    return () => clearTimeout(timer);
  },
};

const PAUSE_MS = 100;
/** Time for a submitter to announce its own batches, before another process does. */
const GRACE_MS = 20;
const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5_000;

/** A session that has, or just had, something to announce. */
interface SessionState {
  due: boolean;
  /** Its batches are left to the process that stored them for this long; 0 if that is this one. */
  graceMs: number;
  failures: number;
  /** Ends the pause under way. */
  wake: () => void;
}

const pauseAfter = ({ failures, graceMs }: SessionState): number =>
  failures === 0
    ? Math.max(PAUSE_MS, graceMs)
    : Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (failures - 1));

export function createAnnouncer(dependencies: AnnouncerDependencies): Announcer {
  const { tables, workflows, log, clock = SYSTEM_CLOCK } = dependencies;
  const sessions = new Map<SessionId, SessionState>();
  const senders = new Set<Promise<void>>();
  let stopped = false;

  const tell = async (sessionId: SessionId, graceMs: number): Promise<void> => {
    const found = await tables.batches.unannounced({ sessionId, olderThanMs: graceMs });
    for (const { upTo, tasks, names } of found) {
      await workflows.batchesSubmitted(sessionId, { upTo, tasks, names });
      await tables.batches.announced(sessionId, upTo);
    }
  };

  const pause = (state: SessionState, ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (stopped || ms <= 0) resolve();
      else {
        const giveUp = clock.after(ms, resolve);
        state.wake = () => {
          giveUp();
          resolve();
        };
      }
    });

  const announce = async (sessionId: SessionId, state: SessionState): Promise<void> => {
    // What is stored from here on is due again.
    state.due = false;
    try {
      await tell(sessionId, state.graceMs);
      state.failures = 0;
    } catch (error) {
      state.due = true;
      state.failures += 1;
      log.warn({ sessionId, err: error }, "announcement failed, will be repeated");
    }
  };

  /** Serves one session until nothing more came during a pause. */
  const serve = async (sessionId: SessionId, state: SessionState): Promise<void> => {
    await pause(state, state.graceMs);
    while (state.due) {
      const last = stopped;
      await announce(sessionId, state);
      if (last) break;
      await pause(state, pauseAfter(state));
    }
    sessions.delete(sessionId);
  };

  const note = (sessionId: SessionId, graceMs: number): void => {
    const known = sessions.get(sessionId);
    if (known) {
      known.due = true;
      known.graceMs = Math.min(known.graceMs, graceMs);
      return;
    }
    if (stopped) return;
    const state: SessionState = { due: true, graceMs, failures: 0, wake: () => {} };
    sessions.set(sessionId, state);
    const sender = serve(sessionId, state).finally(() => senders.delete(sender));
    senders.add(sender);
  };

  return {
    submitted: (sessionId) => note(sessionId, 0),
    async look() {
      for (const { sessionId } of await tables.batches.unannounced({})) note(sessionId, GRACE_MS);
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      for (const state of sessions.values()) state.wake();
      await Promise.all(senders);
    },
  };
}
