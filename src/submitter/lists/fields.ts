// The fields by which lists are filtered and sorted, by their number on the wire.
import { invalid } from "../../domain/errors.ts";
import type { PartitionField, ResultField, TaskField } from "../../domain/filter.ts";
import { ResultStatus, TaskStatus } from "../../domain/status.ts";
import {
  PartitionRawEnumField as P,
  type PartitionField as WirePartitionField,
} from "../../gen/partitions_fields.ts";
import {
  ResultRawEnumField as R,
  type ResultField as WireResultField,
} from "../../gen/results_fields.ts";
import {
  TaskOptionEnumField as O,
  TaskSummaryEnumField as T,
  type TaskField as WireTaskField,
} from "../../gen/tasks_fields.ts";
import type { Kind, ListField } from "./condition.ts";
import type { ListShape } from "./query.ts";

type Fields<Name extends string> = Readonly<Record<number, ListField<Name>>>;

const as = <Name extends string>(kind: Kind, field: Name): ListField<Name> => ({ field, kind });

const OPTIONS: Fields<TaskField> = {
  [O.MAX_DURATION]: as("duration", "maxDurationMs"),
  [O.MAX_RETRIES]: as("number", "maxRetries"),
  [O.PRIORITY]: as("number", "priority"),
  [O.PARTITION_ID]: as("string", "partitionId"),
  [O.APPLICATION_NAME]: as("string", "applicationName"),
  [O.APPLICATION_VERSION]: as("string", "applicationVersion"),
  [O.APPLICATION_NAMESPACE]: as("string", "applicationNamespace"),
  [O.APPLICATION_SERVICE]: as("string", "applicationService"),
  [O.ENGINE_TYPE]: as("string", "engineType"),
};

const TASKS: Fields<TaskField> = {
  [T.TASK_ID]: as("string", "taskId"),
  [T.SESSION_ID]: as("string", "sessionId"),
  [T.OWNER_POD_ID]: as("string", "ownerAgentId"),
  [T.INITIAL_TASK_ID]: as("string", "initialTaskId"),
  [T.STATUS]: as("status", "status"),
  [T.CREATED_AT]: as("date", "createdAt"),
  [T.SUBMITTED_AT]: as("date", "submittedAt"),
  [T.STARTED_AT]: as("date", "startedAt"),
  [T.ENDED_AT]: as("date", "endedAt"),
  [T.CREATION_TO_END_DURATION]: as("duration", "creationToEndMs"),
  [T.PROCESSING_TO_END_DURATION]: as("duration", "processingToEndMs"),
  [T.RECEIVED_TO_END_DURATION]: as("duration", "receivedToEndMs"),
  // Kept for older clients, which read it as the time of the start.
  [T.POD_TTL]: as("date", "startedAt"),
  [T.POD_HOSTNAME]: as("string", "ownerHostname"),
  [T.RECEIVED_AT]: as("date", "receivedAt"),
  [T.ACQUIRED_AT]: as("date", "acquiredAt"),
  [T.PROCESSED_AT]: as("date", "processedAt"),
  [T.ERROR]: as("string", "error"),
  [T.FETCHED_AT]: as("date", "fetchedAt"),
  [T.PAYLOAD_ID]: as("string", "payloadId"),
  [T.CREATED_BY]: as("string", "createdBy"),
};

const RESULTS: Fields<ResultField> = {
  [R.SESSION_ID]: as("string", "sessionId"),
  [R.NAME]: as("string", "name"),
  [R.OWNER_TASK_ID]: as("string", "ownerTaskId"),
  [R.STATUS]: as("status", "status"),
  [R.CREATED_AT]: as("date", "createdAt"),
  [R.COMPLETED_AT]: as("date", "completedAt"),
  [R.RESULT_ID]: as("string", "resultId"),
  [R.SIZE]: as("number", "size"),
  [R.CREATED_BY]: as("string", "createdBy"),
  [R.OPAQUE_ID]: { field: "objectId" },
  [R.MANUAL_DELETION]: { field: "manualDeletion" },
};

const PARTITIONS: Fields<PartitionField> = {
  [P.ID]: as("string", "partitionId"),
  [P.PARENT_PARTITION_IDS]: as("array", "parentPartitionIds"),
  [P.POD_RESERVED]: as("number", "podReserved"),
  [P.POD_MAX]: as("number", "podMax"),
  [P.PREEMPTION_PERCENTAGE]: as("number", "preemptionPercentage"),
  [P.PRIORITY]: as("number", "priority"),
};

function pick<Name extends string>(
  fields: Fields<Name>,
  number: number | undefined,
  path: string,
): ListField<Name> {
  const field = number === undefined ? undefined : fields[number];
  if (!field)
    throw invalid(path, `is ${number ?? "missing"}`, `one of ${Object.keys(fields).join(", ")}`);
  return field;
}

const without = (status: number) => (other: number) => other !== status;

export const TASK_LIST: ListShape<WireTaskField, TaskField> = {
  statuses: Object.values(TaskStatus),
  toField({ field }, path) {
    switch (field?.$case) {
      case "taskSummaryField":
        return pick(TASKS, field.value.field, `${path}.task_summary_field.field`);
      case "taskOptionField":
        return pick(OPTIONS, field.value.field, `${path}.task_option_field.field`);
      case "taskOptionGenericField":
        return { field: { option: field.value.field }, kind: "string" };
      case undefined:
        throw invalid(path, "is empty", "name a field of tasks or of task options");
    }
  },
};

export const RESULT_LIST: ListShape<WireResultField, ResultField> = {
  statuses: Object.values(ResultStatus).filter(without(ResultStatus.STAGED)),
  toField: ({ field }, path) => pick(RESULTS, field?.value.field, `${path}.result_raw_field.field`),
};

export const PARTITION_LIST: ListShape<WirePartitionField, PartitionField> = {
  statuses: [],
  toField: ({ field }, path) =>
    pick(PARTITIONS, field?.value.field, `${path}.partition_raw_field.field`),
};
