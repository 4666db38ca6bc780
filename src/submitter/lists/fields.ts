// The fields by which lists are filtered and sorted, by their number on the wire.
import { invalid } from "../../domain/errors.ts";
import type { Field, FieldsByKind } from "../../domain/filter/conditions.ts";
import type { PartitionFields, ResultFields, TaskFields } from "../../domain/filter/fields.ts";
import { kindOf, type List, PARTITIONS, RESULTS, TASKS } from "../../domain/filter/lists.ts";
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
import type { ListField } from "./condition.ts";
import type { ListShape } from "./query.ts";

type Names<Fields extends FieldsByKind> = Readonly<Record<number, Field<Fields>>>;

const OPTION_NAMES: Names<TaskFields> = {
  [O.MAX_DURATION]: "maxDurationMs",
  [O.MAX_RETRIES]: "maxRetries",
  [O.PRIORITY]: "priority",
  [O.PARTITION_ID]: "partitionId",
  [O.APPLICATION_NAME]: "applicationName",
  [O.APPLICATION_VERSION]: "applicationVersion",
  [O.APPLICATION_NAMESPACE]: "applicationNamespace",
  [O.APPLICATION_SERVICE]: "applicationService",
  [O.ENGINE_TYPE]: "engineType",
};

const TASK_NAMES: Names<TaskFields> = {
  [T.TASK_ID]: "taskId",
  [T.SESSION_ID]: "sessionId",
  [T.OWNER_POD_ID]: "ownerAgentId",
  [T.INITIAL_TASK_ID]: "initialTaskId",
  [T.STATUS]: "status",
  [T.CREATED_AT]: "createdAt",
  [T.SUBMITTED_AT]: "submittedAt",
  [T.STARTED_AT]: "startedAt",
  [T.ENDED_AT]: "endedAt",
  [T.CREATION_TO_END_DURATION]: "creationToEndMs",
  [T.PROCESSING_TO_END_DURATION]: "processingToEndMs",
  [T.RECEIVED_TO_END_DURATION]: "receivedToEndMs",
  // Kept for older clients, which read it as the time of the start.
  [T.POD_TTL]: "startedAt",
  [T.POD_HOSTNAME]: "ownerHostname",
  [T.RECEIVED_AT]: "receivedAt",
  [T.ACQUIRED_AT]: "acquiredAt",
  [T.PROCESSED_AT]: "processedAt",
  [T.ERROR]: "error",
  [T.FETCHED_AT]: "fetchedAt",
  [T.PAYLOAD_ID]: "payloadId",
  [T.CREATED_BY]: "createdBy",
};

const RESULT_NAMES: Names<ResultFields> = {
  [R.SESSION_ID]: "sessionId",
  [R.NAME]: "name",
  [R.OWNER_TASK_ID]: "ownerTaskId",
  [R.STATUS]: "status",
  [R.CREATED_AT]: "createdAt",
  [R.COMPLETED_AT]: "completedAt",
  [R.RESULT_ID]: "resultId",
  [R.SIZE]: "size",
  [R.CREATED_BY]: "createdBy",
  [R.OPAQUE_ID]: "objectId",
  [R.MANUAL_DELETION]: "manualDeletion",
};

/** On the wire there is no condition of their type. */
const NOT_COMPARED: ReadonlySet<Field<ResultFields>> = new Set(["objectId", "manualDeletion"]);

const PARTITION_NAMES: Names<PartitionFields> = {
  [P.ID]: "partitionId",
  [P.PARENT_PARTITION_IDS]: "parentPartitionIds",
  [P.POD_RESERVED]: "podReserved",
  [P.POD_MAX]: "podMax",
  [P.PREEMPTION_PERCENTAGE]: "preemptionPercentage",
  [P.PRIORITY]: "priority",
};

function pick<Row, Fields extends FieldsByKind>(
  list: List<Row, Fields>,
  names: Names<Fields>,
  number: number | undefined,
  path: string,
): ListField<Fields> {
  const field = number === undefined ? undefined : names[number];
  if (!field)
    throw invalid(path, `is ${number ?? "missing"}`, `one of ${Object.keys(names).join(", ")}`);
  return { field, kind: kindOf(list, field) };
}

const without = (status: number) => (other: number) => other !== status;

export const TASK_LIST: ListShape<WireTaskField, TaskFields> = {
  statuses: Object.values(TaskStatus),
  toField({ field }, path) {
    switch (field?.$case) {
      case "taskSummaryField":
        return pick(TASKS, TASK_NAMES, field.value.field, `${path}.task_summary_field.field`);
      case "taskOptionField":
        return pick(TASKS, OPTION_NAMES, field.value.field, `${path}.task_option_field.field`);
      case "taskOptionGenericField":
        return { field: { option: field.value.field }, kind: "string" };
      case undefined:
        throw invalid(path, "is empty", "name a field of tasks or of task options");
    }
  },
};

export const RESULT_LIST: ListShape<WireResultField, ResultFields> = {
  statuses: Object.values(ResultStatus).filter(without(ResultStatus.STAGED)),
  toField({ field: wire }, path) {
    const here = `${path}.result_raw_field.field`;
    const { field, kind } = pick(RESULTS, RESULT_NAMES, wire?.value.field, here);
    return { field, kind: NOT_COMPARED.has(field) ? undefined : kind };
  },
};

export const PARTITION_LIST: ListShape<WirePartitionField, PartitionFields> = {
  statuses: [],
  toField: ({ field }, path) =>
    pick(PARTITIONS, PARTITION_NAMES, field?.value.field, `${path}.partition_raw_field.field`),
};
