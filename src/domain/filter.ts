/**
 * What a list request asks for, as a typed tree that each table driver translates.
 *
 * A filter is an OR of ANDs of conditions; an empty OR is everything, an empty AND is true.
 */

export type StringOperator =
  | "equal"
  | "notEqual"
  | "contains"
  | "notContains"
  | "startsWith"
  | "endsWith";
export type OrderOperator =
  | "equal"
  | "notEqual"
  | "less"
  | "lessOrEqual"
  | "greaterOrEqual"
  | "greater";

/** `option` fields name a key of the task options' free map. */
export type Field<Name extends string> = Name | { readonly option: string };

export type Condition<Name extends string> =
  | { kind: "string"; field: Field<Name>; operator: StringOperator; value: string }
  | { kind: "number"; field: Field<Name>; operator: OrderOperator; value: number }
  /** Milliseconds since the epoch; null = never happened. */
  | { kind: "date"; field: Field<Name>; operator: OrderOperator; value: number | null }
  /** Milliseconds. */
  | { kind: "duration"; field: Field<Name>; operator: OrderOperator; value: number | null }
  | { kind: "status"; field: Field<Name>; operator: "equal" | "notEqual"; value: number }
  | { kind: "boolean"; field: Field<Name>; value: boolean }
  | { kind: "array"; field: Field<Name>; operator: "contains" | "notContains"; value: string };

export type Filter<Name extends string> = readonly (readonly Condition<Name>[])[];

export interface ListQuery<Name extends string> {
  readonly filter: Filter<Name>;
  readonly sort: { readonly field: Field<Name>; readonly descending: boolean };
  /** From 0. */
  readonly page: number;
  /** 0 = count only. */
  readonly pageSize: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Matches before paging. */
  readonly total: number;
}

type OptionField =
  | "maxDurationMs"
  | "maxRetries"
  | "priority"
  | "partitionId"
  | "applicationName"
  | "applicationVersion"
  | "applicationNamespace"
  | "applicationService"
  | "engineType";

export type TaskField =
  | OptionField
  | "taskId"
  | "sessionId"
  | "ownerAgentId"
  | "ownerHostname"
  | "initialTaskId"
  | "payloadId"
  | "createdBy"
  | "error"
  | "status"
  | "createdAt"
  | "submittedAt"
  | "receivedAt"
  | "acquiredAt"
  | "fetchedAt"
  | "startedAt"
  | "processedAt"
  | "endedAt"
  | "creationToEndMs"
  | "processingToEndMs"
  | "receivedToEndMs";

export type ResultField =
  | "resultId"
  | "sessionId"
  | "name"
  | "ownerTaskId"
  | "createdBy"
  | "status"
  | "createdAt"
  | "completedAt"
  | "size"
  | "objectId"
  | "manualDeletion";

export type PartitionField =
  | "partitionId"
  | "parentPartitionIds"
  | "podReserved"
  | "podMax"
  | "preemptionPercentage"
  | "priority";
