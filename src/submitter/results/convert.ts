import type { Result } from "../../domain/result.ts";
import { ResultStatus } from "../../domain/status.ts";
import type { ResultRaw } from "../../gen/results_common.ts";
import { toDate } from "../../grpc/time.ts";

const utf8 = new TextEncoder();

export const toResultRaw = (result: Result): ResultRaw => ({
  sessionId: result.sessionId,
  resultId: result.resultId,
  name: result.name,
  ownerTaskId: result.ownerTaskId,
  createdBy: result.createdBy,
  status: result.status,
  createdAt: toDate(result.createdAt),
  completedAt: toDate(result.completedAt),
  size: result.size,
  opaqueId: utf8.encode(result.status === ResultStatus.DELETED ? "" : result.objectId),
  manualDeletion: result.manualDeletion,
});
