// Every field that lists are filtered and sorted by, and its kind.
import type { Kind, OptionField } from "./conditions.ts";

type Kinds = Readonly<Record<string, Kind>>;

/** Of task options: a task's own, or the default options of a session. */
export const OPTION_FIELDS = {
  partitionId: "string",
  applicationName: "string",
  applicationVersion: "string",
  applicationNamespace: "string",
  applicationService: "string",
  engineType: "string",
  maxRetries: "number",
  priority: "number",
  maxDurationMs: "duration",
} as const satisfies Kinds;

export const TASK_FIELDS = {
  ...OPTION_FIELDS,
  taskId: "string",
  sessionId: "string",
  ownerAgentId: "string",
  ownerHostname: "string",
  initialTaskId: "string",
  payloadId: "string",
  createdBy: "string",
  error: "string",
  status: "status",
  createdAt: "date",
  submittedAt: "date",
  receivedAt: "date",
  acquiredAt: "date",
  fetchedAt: "date",
  startedAt: "date",
  processedAt: "date",
  endedAt: "date",
  creationToEndMs: "duration",
  processingToEndMs: "duration",
  receivedToEndMs: "duration",
} as const satisfies Kinds;

export const SESSION_FIELDS = {
  ...OPTION_FIELDS,
  sessionId: "string",
  status: "status",
  clientSubmission: "boolean",
  workerSubmission: "boolean",
  partitionIds: "array",
  createdAt: "date",
  cancelledAt: "date",
  closedAt: "date",
  purgedAt: "date",
  deletedAt: "date",
  durationMs: "duration",
} as const satisfies Kinds;

export const RESULT_FIELDS = {
  resultId: "string",
  sessionId: "string",
  name: "string",
  ownerTaskId: "string",
  createdBy: "string",
  objectId: "string",
  status: "status",
  createdAt: "date",
  completedAt: "date",
  size: "number",
  manualDeletion: "boolean",
} as const satisfies Kinds;

export const PARTITION_FIELDS = {
  partitionId: "string",
  parentPartitionIds: "array",
  podReserved: "number",
  podMax: "number",
  preemptionPercentage: "number",
  priority: "number",
} as const satisfies Kinds;

export const APPLICATION_FIELDS = {
  name: "string",
  namespace: "string",
  version: "string",
  service: "string",
} as const satisfies Kinds;

type NamesOf<Table extends Kinds, K extends Kind> = {
  [Name in keyof Table & string]: Table[Name] extends K ? Name : never;
}[keyof Table & string];

type ByKind<Table extends Kinds> = { readonly [K in Kind]: NamesOf<Table, K> };

/** The values of the options' free map are text. */
type WithOptions<Table extends Kinds> = {
  readonly [K in Kind]: NamesOf<Table, K> | (K extends "string" ? OptionField : never);
};

export type TaskFields = WithOptions<typeof TASK_FIELDS>;
export type SessionFields = WithOptions<typeof SESSION_FIELDS>;
export type ResultFields = ByKind<typeof RESULT_FIELDS>;
export type PartitionFields = ByKind<typeof PARTITION_FIELDS>;
export type ApplicationFields = ByKind<typeof APPLICATION_FIELDS>;
