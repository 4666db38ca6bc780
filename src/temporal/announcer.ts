// Tells session workflows which batches are stored.
//
//   N1. Told at least once: a batch is marked as announced only after Temporal took the signal, and
//       a failed announcement stays due.
//   N2. One announcement of a session at a time, and the pauses between them bound what a stream
//       of small calls costs: Temporal's work grows with batches, not with calls (I7).
//   N3. A trickle into a big session waits longest: its tasks are dispatched directly. Only when
//       the queue has no room for that does anybody wait for the announcement.
import type { TableStorage } from "../adaptors/table-storage/port.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Load, nextStep, TRICKLE_MS } from "./announcement-pace.ts";
import type { SessionWorkflows } from "./session-workflows.ts";

export interface Announcer extends AsyncDisposable {
  /** New tasks of the session are stored with their batches. */
  submitted(sessionId: SessionId, tasks: number): void;
  /** Takes over, at the same pace, what other processes stored and do not announce themselves. */
  look(): Promise<void>;
  /** Announces all that has waited for longer: its submitter may have died. */
  sweep(olderThanMs: number): Promise<void>;
}

export interface AnnouncerDependencies {
  readonly tables: Pick<TableStorage, "batches" | "tasks">;
  readonly workflows: Pick<SessionWorkflows, "batchesSubmitted">;
  readonly log: Logger;
  readonly now?: () => number;
}

type Mark = { -readonly [Key in keyof Load]: Load[Key] } & {
  /** Something changed: consider again what is due. */
  wake: () => void;
};

/** Time for a submitter to announce its own batches, before another process does. */
const GRACE_MS = 20;
/** With so many tasks in the queue, direct dispatch may have left some task out. */
const DEEP = 128;
const LONGEST_BACK_OFF_MS = 5_000;

export function createAnnouncer(dependencies: AnnouncerDependencies): Announcer {
  const { tables, workflows, log, now = Date.now } = dependencies;
  const marks = new Map<SessionId, Mark>();
  const couriers = new Set<Promise<void>>();
  let stopped = false;

  const tell = async (query: {
    sessionId?: SessionId | undefined;
    createdBefore?: number | undefined;
  }): Promise<void> => {
    for (const { sessionId, upTo, tasks, names } of await tables.batches.sealUnannounced(query)) {
      await workflows.batchesSubmitted(sessionId, { upTo, tasks, names });
      await tables.batches.announced(sessionId, upTo);
      const mark = marks.get(sessionId);
      if (mark) mark.tasks = tasks;
    }
  };

  const pause = (mark: Mark, ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      mark.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** Resolves when an announcement is due: true, or when there has been none for long: false. */
  const due = async (sessionId: SessionId, mark: Mark): Promise<boolean> => {
    while (!stopped) {
      const idle = mark.waiting === 0;
      const { at, step } = idle
        ? { at: mark.announcedAt + TRICKLE_MS, step: "end" as const }
        : nextStep(mark);
      if (at > now()) await pause(mark, at - now());
      else if (step !== "look") return step === "announce";
      else if ((await tables.tasks.queuedCount(sessionId)) >= DEEP) return true;
      else mark.lookedAt = now();
    }
    return false;
  };

  const announce = async (sessionId: SessionId, mark: Mark): Promise<void> => {
    const { waiting, graceMs } = mark;
    mark.waiting = 0;
    mark.announcedAt = now();
    const createdBefore = graceMs > 0 ? now() - graceMs : undefined;
    try {
      await tell({ sessionId, createdBefore });
    } catch (error) {
      mark.waiting += waiting;
      throw error;
    }
  };

  /** Serves one session for as long as it has something to announce now and then. */
  const serve = async (sessionId: SessionId, mark: Mark): Promise<void> => {
    for (let failures = 0; !stopped; ) {
      try {
        if (!(await due(sessionId, mark))) break;
        await announce(sessionId, mark);
        failures = 0;
      } catch (error) {
        log.warn({ sessionId, err: error }, "announcement failed, will be repeated");
        await pause(mark, Math.min(LONGEST_BACK_OFF_MS, 100 * 2 ** failures++));
      }
    }
    marks.delete(sessionId);
  };

  /** Updates what is known of the session, and sees to it that somebody serves it. */
  const note = (sessionId: SessionId, found: Omit<Load, "announcedAt" | "lookedAt">): void => {
    const known = marks.get(sessionId);
    if (known) {
      Object.assign(known, found).wake();
      return;
    }
    if (stopped) return;
    const mark: Mark = { ...found, announcedAt: 0, lookedAt: 0, wake: () => {} };
    marks.set(sessionId, mark);
    const courier = serve(sessionId, mark).finally(() => couriers.delete(courier));
    couriers.add(courier);
  };

  return {
    submitted(sessionId, tasks) {
      const known = marks.get(sessionId);
      const waiting = known?.waiting ?? 0;
      const since = known && waiting > 0 ? known.since : now();
      note(sessionId, { tasks: known?.tasks ?? 0, waiting: waiting + tasks, since, graceMs: 0 });
    },
    async look() {
      for (const { sessionId, tasks, unannounced, since } of await tables.batches.backlogs()) {
        // Our own submissions have a courier already.
        if (marks.get(sessionId)?.graceMs === 0) continue;
        const announced = tasks - unannounced;
        note(sessionId, { tasks: announced, waiting: unannounced, since, graceMs: GRACE_MS });
      }
    },
    async sweep(olderThanMs) {
      await tell({ createdBefore: now() - olderThanMs });
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      for (const mark of marks.values()) mark.wake();
      await Promise.all(couriers);
    },
  };
}
