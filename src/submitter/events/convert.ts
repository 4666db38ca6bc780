import type { Change } from "../../adaptors/table-storage.ts";
import type { SessionId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Task } from "../../domain/task.ts";
import type { EventSubscriptionResponse as Event } from "../../gen/events_common.ts";

type ChangeOf<Kind extends Change["kind"]> = Extract<Change, { kind: Kind }>;

/** A task that is seen for the first time, with the status that it has there. */
export const toNewTask = (task: Task): Event => ({
  sessionId: task.sessionId,
  update: {
    $case: "newTask",
    value: {
      taskId: task.taskId,
      payloadId: task.payloadId,
      originTaskId: task.initialTaskId,
      status: task.status,
      expectedOutputKeys: [...task.expectedOutputIds],
      dataDependencies: [...task.dataDependencies],
      retryOfIds: [...task.retryOfIds],
      parentTaskIds: [...task.parentTaskIds],
    },
  },
});

type NewResult = Pick<Result, "resultId" | "ownerTaskId" | "status">;

export const toNewResult = (
  sessionId: SessionId,
  { resultId, ownerTaskId, status }: NewResult,
): Event => ({
  sessionId,
  update: { $case: "newResult", value: { resultId, ownerId: ownerTaskId, status } },
});

export const toTaskStatus = (
  sessionId: SessionId,
  { taskId, status }: ChangeOf<"taskStatus">,
): Event => ({ sessionId, update: { $case: "taskStatusUpdate", value: { taskId, status } } });

/** A result that became COMPLETED or ABORTED, or got another owner. */
export const toResultUpdate = (
  sessionId: SessionId,
  change: ChangeOf<"resultStatus" | "resultOwner">,
): Event => {
  const { resultId } = change;
  if (change.kind === "resultStatus") {
    const { status } = change;
    return { sessionId, update: { $case: "resultStatusUpdate", value: { resultId, status } } };
  }
  const { previousOwnerId, ownerTaskId: currentOwnerId } = change;
  const value = { resultId, previousOwnerId, currentOwnerId };
  return { sessionId, update: { $case: "resultOwnerUpdate", value } };
};
