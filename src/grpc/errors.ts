// The only place where an error becomes a gRPC status.
import { type CallContext, ServerError, type ServerMiddlewareCall, Status } from "nice-grpc";
import { GridError } from "../domain/errors.ts";
import type { Logger } from "../telemetry/logger.ts";

/** `Sessions/CreateSession`, from `/armonik.api.grpc.v1.sessions.Sessions/CreateSession`. */
const shortName = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

const ID_FIELDS = ["sessionId", "taskId", "resultId"] as const;
/** Of what the caller calls an id, this much is logged. */
const ID_LENGTH = 100;

/** The ids that a request names at its top level, for the log. */
function idsOf(request: unknown): Record<string, string> {
  const fields = request as Record<string, unknown>;
  const ids: Record<string, string> = {};
  for (const name of ID_FIELDS) {
    const id = fields[name];
    if (typeof id === "string" && id) ids[name] = id.slice(0, ID_LENGTH);
  }
  return ids;
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

interface Failure {
  readonly error: unknown;
  readonly call: ServerMiddlewareCall<unknown, unknown>;
  readonly context: CallContext;
  readonly draining: AbortSignal;
  readonly log: Logger;
}

/** What every line about the call says. */
const fieldsOf = ({ call }: Failure): Record<string, string> => ({
  rpc: shortName(call.method.path),
  ...(call.requestStream ? {} : idsOf(call.request)),
});

function toAbortedStatus(failure: Failure): ServerError {
  const { error, context, draining, log } = failure;
  if (context.signal.aborted) {
    log.debug(fieldsOf(failure), "call cancelled by client");
    return new ServerError(Status.CANCELLED, "Cancelled by client");
  }
  // An end with OK would tell the SDKs' waits that all results are there.
  if (draining.aborted) return refusal(new GridError("DRAINING", "call again"));
  log.error({ ...fieldsOf(failure), err: error }, "call cancelled from inside");
  return new ServerError(Status.CANCELLED, "Canceled by internal means");
}

const refusal = (error: GridError): ServerError =>
  new ServerError(Status[error.status], error.message);

/**
 * Turns what a service threw into the status that its caller sees.
 *
 * A `GridError` has its own status, an abort means that the caller or the service is going, and
 * anything else is a bug: the caller learns nothing of it, the log everything.
 */
export function toServerError(failure: Failure): ServerError {
  const { error, log } = failure;
  if (error instanceof ServerError) return error;
  if (isAbort(error)) return toAbortedStatus(failure);
  const fields = fieldsOf(failure);
  if (error instanceof GridError) {
    // While the service drains, waiting clients repeat a refused call a thousand times a second.
    const level = error.code === "DRAINING" ? "debug" : "warn";
    const cause = error.cause === undefined ? {} : { err: error.cause };
    log[level]({ ...fields, code: error.code, detail: error.message, ...cause }, "call refused");
    return refusal(error);
  }
  log.error({ ...fields, err: error }, "call failed");
  return new ServerError(Status.UNKNOWN, "Unknown exception, see ArmoniK logs");
}
