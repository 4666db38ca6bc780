import { GridError } from "../../src/domain/errors.ts";
import type { SessionId } from "../../src/domain/ids.ts";
import type { Session } from "../../src/domain/session.ts";
import type { SessionCommand, StopSubmission } from "../../src/domain/session-commands.ts";
import { SessionStatus } from "../../src/domain/status.ts";
import { cancelSessionTasks } from "../../src/lifecycle/cancel.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";

/** In place of Temporal: does at once what the session's workflow would see to. */
export interface StandInWorkflows {
  readonly started: SessionId[];
  /** Starts refused while it was away. */
  readonly refused: SessionId[];
  /** As if Temporal were away. */
  away: boolean;
  start(session: Session): Promise<void>;
  control(sessionId: SessionId, verb: SessionCommand, args?: StopSubmission): Promise<void>;
}

const S = SessionStatus;

export function standInWorkflows(stores: Stores): StandInWorkflows {
  const { sessions, tasks } = stores.tables;
  const closed = { clientSubmission: false, workerSubmission: false };
  const all = Object.values(SessionStatus);
  const obey = {
    async pause(id: SessionId) {
      await sessions.change(id, [S.RUNNING], { status: S.PAUSED });
      await tasks.pauseSession(id);
    },
    async resume(id: SessionId) {
      await sessions.change(id, [S.PAUSED], { status: S.RUNNING });
    },
    async close(id: SessionId) {
      const change = { status: S.CLOSED, closedAt: stores.now(), durationMs: 1, ...closed };
      await sessions.change(id, [S.RUNNING, S.PAUSED], change);
    },
    async cancel(id: SessionId) {
      const change = { status: S.CANCELLED, cancelledAt: stores.now(), ...closed };
      await sessions.change(id, [S.RUNNING, S.PAUSED, S.CLOSED], change);
      await cancelSessionTasks(stores, id, { reason: "cancelled", running: true });
    },
    async stopSubmission(id: SessionId, { client, worker }: StopSubmission) {
      const change = {
        ...(client && { clientSubmission: false }),
        ...(worker && { workerSubmission: false }),
      };
      await sessions.change(id, all, change);
    },
  };
  const standIn: StandInWorkflows = {
    started: [],
    refused: [],
    away: false,
    async start({ sessionId }) {
      if (standIn.away) {
        standIn.refused.push(sessionId);
        throw new Error("no connection");
      }
      standIn.started.push(sessionId);
    },
    async control(sessionId, verb, args) {
      if (standIn.away) throw new GridError("DEPENDENCY_UNAVAILABLE", "Temporal is away");
      await obey[verb](sessionId, args ?? { client: false, worker: false });
    },
  };
  return standIn;
}
