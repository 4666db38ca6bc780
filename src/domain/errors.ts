/**
 * Every way the grid refuses a request.
 *
 * `status` and `title` reach the client and are part of the ArmoniK contract. Anything thrown
 * that is not listed here is a bug: clients see UNKNOWN, we see a stack trace.
 */
interface ErrorSpec {
  readonly status: StatusName;
  readonly title: string;
}

/** gRPC's own names, so that this file needs no gRPC. */
export type StatusName =
  | "CANCELLED"
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "FAILED_PRECONDITION"
  | "RESOURCE_EXHAUSTED"
  | "UNIMPLEMENTED"
  | "UNAVAILABLE"
  | "INTERNAL"
  | "UNKNOWN";

const ERRORS = {
  SESSION_NOT_FOUND: { status: "NOT_FOUND", title: "Session was not found" },
  TASK_NOT_FOUND: { status: "NOT_FOUND", title: "Task was not found" },
  RESULT_NOT_FOUND: { status: "NOT_FOUND", title: "Result was not found" },
  RESULT_DATA_NOT_FOUND: { status: "NOT_FOUND", title: "Result data was not found" },
  PARTITION_NOT_FOUND: { status: "NOT_FOUND", title: "Partition was not found" },
  INVALID_ARGUMENT: { status: "INVALID_ARGUMENT", title: "Invalid argument" },
  INVALID_SESSION_TRANSITION: {
    status: "FAILED_PRECONDITION",
    title: "The session transition is invalid",
  },
  RESULT_INVALID_STATUS: { status: "FAILED_PRECONDITION", title: "Result status is invalid" },
  SUBMISSION_CLOSED: {
    status: "FAILED_PRECONDITION",
    title: "Submission for the session is closed",
  },
  /** Its creator was held up long enough that its tasks were collected; nothing of it was kept. */
  SUBMISSION_EXPIRED: { status: "UNAVAILABLE", title: "The submission took too long" },
  PARTITION_NOT_ALLOWED: {
    status: "FAILED_PRECONDITION",
    title: "The partition is not one of the session's",
  },
  UPLOAD_WITHOUT_ID: { status: "FAILED_PRECONDITION", title: "The upload is empty" },
  NO_TASK_RUNNING: { status: "UNAVAILABLE", title: "No task is accepting requests" },
  NOT_IMPLEMENTED: { status: "UNIMPLEMENTED", title: "Not available yet" },
  DRAINING: { status: "UNAVAILABLE", title: "The service is shutting down" },
  /** A service behind us is away; the request changed nothing that a repeat would double. */
  DEPENDENCY_UNAVAILABLE: { status: "UNAVAILABLE", title: "A service behind this one is away" },
  /** A closed adaptor was used: always a bug of ours, seen only in shutdown races. */
  ADAPTOR_CLOSED: { status: "UNAVAILABLE", title: "The connection is closed" },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * Details travel in HTTP/2 headers: clients take 8 KiB of them, and a character may need 9 bytes.
 * Requests may hold names of any length; what is said of them stands before and behind.
 */
const LONGEST = 700;

const abridge = (text: string): string =>
  text.length <= LONGEST
    ? text
    : `${text.slice(0, LONGEST - 200)} … ${text.slice(-200)}`.toWellFormed();

/** A refusal the caller can act on, be it by calling again. Bugs stay ordinary errors. */
export class GridError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(abridge(`${ERRORS[code].title}: ${detail}`), options);
    this.name = "GridError";
    this.code = code;
  }

  get status(): StatusName {
    return ERRORS[this.code].status;
  }
}

/** Something behind us is away: the same call will do once it is back. */
export const isOutage = (error: unknown): boolean =>
  error instanceof GridError && error.code === "DEPENDENCY_UNAVAILABLE";

/** A bad field of a request: names the field, says what was wrong and what is allowed. */
export const invalid = (field: string, wrong: string, allowed: string): GridError =>
  new GridError("INVALID_ARGUMENT", `${field}: ${wrong}; ${allowed}`);
