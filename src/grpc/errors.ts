// The only place where an error becomes a gRPC status.
import {
  type CallContext,
  ServerError,
  type ServerMiddleware,
  type ServerMiddlewareCall,
  Status,
} from "nice-grpc";
import { GridError } from "../domain/errors.ts";
import type { Logger } from "../telemetry/logger.ts";

/** `Sessions/CreateSession`, from `/armonik.api.grpc.v1.sessions.Sessions/CreateSession`. */
const shortName = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

const ID_FIELDS = ["sessionId", "taskId", "resultId"] as const;

/** The ids that a request names at its top level, for the log. */
function idsOf(request: unknown): Record<string, string> {
  const fields = request as Record<string, unknown>;
  const ids: Record<string, string> = {};
  for (const name of ID_FIELDS) {
    const id = fields[name];
    if (typeof id === "string" && id) ids[name] = id;
  }
  return ids;
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

interface Failure {
  readonly error: unknown;
  readonly context: CallContext;
  readonly draining: AbortSignal;
  readonly log: Logger;
  readonly fields: Record<string, string>;
}

function toAbortedStatus({ error, context, draining, log, fields }: Failure): ServerError {
  if (context.signal.aborted) {
    log.debug(fields, "call cancelled by client");
    return new ServerError(Status.CANCELLED, "Cancelled by client");
  }
  // An end with OK would tell the SDKs' waits that all results are there.
  if (draining.aborted) return refusal(new GridError("DRAINING", "call again"));
  log.error({ ...fields, err: error }, "call cancelled from inside");
  return new ServerError(Status.CANCELLED, "Canceled by internal means");
}

const refusal = (error: GridError): ServerError =>
  new ServerError(Status[error.status], error.message);

function toServerError(failure: Failure): ServerError {
  const { error, log, fields } = failure;
  if (error instanceof ServerError) return error;
  if (error instanceof GridError) {
    // While the service drains, waiting clients repeat a refused call a thousand times a second.
    const level = error.code === "DRAINING" ? "debug" : "warn";
    const cause = error.cause === undefined ? {} : { err: error.cause };
    log[level]({ ...fields, code: error.code, detail: error.message, ...cause }, "call refused");
    return refusal(error);
  }
  if (isAbort(error)) return toAbortedStatus(failure);
  log.error({ ...fields, err: error }, "call failed");
  return new ServerError(Status.UNKNOWN, "Unknown exception, see ArmoniK logs");
}

/**
 * Turns what a service throws into the status that its caller sees.
 *
 * A `GridError` has its own status, an abort means that the caller or the service is going, and
 * anything else is a bug or an outage: the caller learns nothing of it, the log everything.
 */
export const createErrorMiddleware = (log: Logger, draining: AbortSignal): ServerMiddleware =>
  async function* errors<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      const ids = call.requestStream ? {} : idsOf(call.request);
      const fields = { rpc: shortName(call.method.path), ...ids };
      throw toServerError({ error, context, draining, log, fields });
    }
  };
