// How the fields of a list are read from its rows.
import type { Application } from "../application.ts";
import type { Partition } from "../partition.ts";
import type { Result } from "../result.ts";
import type { Session } from "../session.ts";
import { errorOf, type Task } from "../task.ts";
import type { TaskOptions } from "../task-options.ts";
import type { Field, FieldsByKind, Kind } from "./conditions.ts";
import {
  APPLICATION_FIELDS,
  type ApplicationFields,
  OPTION_FIELDS,
  PARTITION_FIELDS,
  type PartitionFields,
  RESULT_FIELDS,
  type ResultFields,
  SESSION_FIELDS,
  type SessionFields,
  TASK_FIELDS,
  type TaskFields,
} from "./fields.ts";

/** What a row holds in a field; undefined = nothing, or not yet. */
export type Value = string | number | boolean | readonly string[] | undefined;

export interface List<Row, Fields extends FieldsByKind> {
  /** The kinds of the named fields. */
  readonly kinds: Readonly<Record<string, Kind>>;
  /** The fields that together tell a row from all others. */
  readonly key: readonly [Fields["string"], ...Fields["string"][]];
  read(row: Row, field: Field<Fields>): Value;
}

export const kindOf = <Row, Fields extends FieldsByKind>(
  { kinds }: List<Row, Fields>,
  field: Field<Fields>,
): Kind | undefined => {
  if (typeof field === "object") return "string";
  return Object.hasOwn(kinds, field) ? kinds[field] : undefined;
};

type OptionName = keyof typeof OPTION_FIELDS;

const isOptionName = (field: string): field is OptionName => Object.hasOwn(OPTION_FIELDS, field);

const readOption = (
  { options }: TaskOptions,
  { option }: Extract<Field<TaskFields>, object>,
): Value => (Object.hasOwn(options, option) ? options[option] : undefined);

const between = (from: number | undefined, to: number | undefined): number | undefined =>
  from === undefined || to === undefined ? undefined : to - from;

export const TASKS: List<Task, TaskFields> = {
  kinds: TASK_FIELDS,
  key: ["taskId"],
  read(task, field) {
    if (typeof field === "object") return readOption(task.options, field);
    if (isOptionName(field)) return task.options[field];
    switch (field) {
      case "error":
        return errorOf(task);
      case "creationToEndMs":
        return between(task.createdAt, task.endedAt);
      case "processingToEndMs":
        return between(task.startedAt, task.endedAt);
      case "receivedToEndMs":
        return between(task.receivedAt, task.endedAt);
      default:
        return task[field];
    }
  },
};

export const SESSIONS: List<Session, SessionFields> = {
  kinds: SESSION_FIELDS,
  key: ["sessionId"],
  read(session, field) {
    if (typeof field === "object") return readOption(session.defaultOptions, field);
    return isOptionName(field) ? session.defaultOptions[field] : session[field];
  },
};

export const RESULTS: List<Result, ResultFields> = {
  kinds: RESULT_FIELDS,
  key: ["resultId"],
  read: (result, field) => result[field],
};

export const PARTITIONS: List<Partition, PartitionFields> = {
  kinds: PARTITION_FIELDS,
  key: ["partitionId"],
  read: (partition, field) => partition[field],
};

export const APPLICATIONS: List<Application, ApplicationFields> = {
  kinds: APPLICATION_FIELDS,
  key: ["name", "namespace", "version", "service"],
  read: (application, field) => application[field],
};
