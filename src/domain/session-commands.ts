/** What may be asked of a session as a whole, and when. Pure: workflow and control plane share it. */
import { SessionStatus } from "./status.ts";

export const SESSION_COMMANDS = ["pause", "resume", "stopSubmission", "close", "cancel"] as const;
export type SessionCommand = (typeof SESSION_COMMANDS)[number];

/** Which side may submit no more; at least one is true. */
export interface StopSubmission {
  readonly client: boolean;
  readonly worker: boolean;
}

/** As people read them, in the Temporal UI among others. */
export type SessionStatusName = keyof typeof STATUS_OF_NAME;

export const STATUS_OF_NAME = {
  Running: SessionStatus.RUNNING,
  Paused: SessionStatus.PAUSED,
  Closed: SessionStatus.CLOSED,
  Cancelled: SessionStatus.CANCELLED,
  Purged: SessionStatus.PURGED,
  Deleted: SessionStatus.DELETED,
} as const;

const NAMES = Object.keys(STATUS_OF_NAME) as SessionStatusName[];

export const nameOfStatus = (status: SessionStatus): SessionStatusName =>
  NAMES.find((name) => STATUS_OF_NAME[name] === status) ?? "Deleted";

interface Rule {
  readonly from: readonly SessionStatusName[];
  /** Absent: the status stays. */
  readonly to?: SessionStatusName;
  readonly description: string;
}

export const RULES: Readonly<Record<SessionCommand, Rule>> = {
  pause: {
    from: ["Running"],
    to: "Paused",
    description: "Start no more tasks; running ones go on",
  },
  // A repeated resume is no mistake, a repeated pause is: so it is in ArmoniK.
  resume: { from: ["Paused", "Running"], to: "Running", description: "Start tasks again" },
  stopSubmission: {
    from: NAMES,
    description:
      'Accept no more tasks; {"client": true} or {"worker": true} stops only clients or running tasks',
  },
  close: {
    from: ["Running", "Paused"],
    to: "Closed",
    description: "Start no more work: running tasks finish, all others are cancelled",
  },
  cancel: {
    from: ["Running", "Paused", "Closed"],
    to: "Cancelled",
    description: "Cancel the session and all its tasks, running ones too",
  },
};

/** Why the command cannot be obeyed; undefined if it can. */
export function refusalOf(command: SessionCommand, status: SessionStatusName): string | undefined {
  if (RULES[command].from.includes(status)) return undefined;
  return `The session is ${status}: cannot ${command}`;
}
