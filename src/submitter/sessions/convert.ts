import type { Session } from "../../domain/session.ts";
import type { SessionRaw } from "../../gen/sessions_common.ts";
import { toWireTaskOptions } from "../../grpc/task-options.ts";
import { toDate, toDuration } from "../../grpc/time.ts";

export const toSessionRaw = (session: Session): SessionRaw => ({
  sessionId: session.sessionId,
  status: session.status,
  clientSubmission: session.clientSubmission,
  workerSubmission: session.workerSubmission,
  partitionIds: [...session.partitionIds],
  options: toWireTaskOptions(session.defaultOptions),
  createdAt: toDate(session.createdAt),
  cancelledAt: toDate(session.cancelledAt),
  closedAt: toDate(session.closedAt),
  purgedAt: toDate(session.purgedAt),
  deletedAt: toDate(session.deletedAt),
  duration: session.durationMs === undefined ? undefined : toDuration(session.durationMs),
});
