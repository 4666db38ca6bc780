// Tasks as clients and workers submit them: both interfaces spell them alike.
import { type ResultId, resultId } from "../domain/ids.ts";
import type { NewTask, ReferenceField, SubmissionFields } from "../domain/submission/submission.ts";
import type { TaskOptions } from "../domain/task-options.ts";
import type { TaskOptions as WireTaskOptions } from "../gen/objects.ts";
import { toTaskOptions } from "./task-options.ts";

interface Creation {
  readonly expectedOutputKeys: string[];
  readonly dataDependencies: string[];
  readonly payloadId: string;
  readonly taskOptions: WireTaskOptions | undefined;
}

const REFERENCES: Readonly<Record<ReferenceField, string>> = {
  payloadId: "payload_id",
  dataDependencies: "data_dependencies",
  expectedOutputIds: "expected_output_keys",
};

const LAYERS = { submission: "task_options", session: "the session's default_task_option" };

const optionsOf = (task: number): string => `task_creations[${task}].task_options`;

export const FIELDS: SubmissionFields = {
  tasks: "task_creations",
  partition: (layer) =>
    `${typeof layer === "number" ? optionsOf(layer) : LAYERS[layer]}.partition_id`,
  reference: (task, field, index) =>
    `task_creations[${task}].${REFERENCES[field]}${index === undefined ? "" : `[${index}]`}`,
};

/** @throws {GridError} INVALID_ARGUMENT, of options that no task may have. */
export function toNewTasks(creations: readonly Creation[]): NewTask[] {
  const known = new Map<string, TaskOptions>();
  const read = (wire: WireTaskOptions, task: number): TaskOptions => {
    const key = JSON.stringify(wire);
    const options = known.get(key) ?? toTaskOptions(wire, optionsOf(task));
    known.set(key, options);
    return options;
  };
  return creations.map(({ payloadId, dataDependencies, expectedOutputKeys, taskOptions }, i) => ({
    payloadId: resultId(payloadId),
    // Ids are strings, and a copy of each list would cost this path some per cent.
    dataDependencies: dataDependencies as ResultId[],
    expectedOutputIds: expectedOutputKeys as ResultId[],
    options: taskOptions && read(taskOptions, i),
  }));
}

/** The options of the whole submission. */
export const toSubmissionOptions = (wire: WireTaskOptions | undefined): TaskOptions | undefined =>
  wire && toTaskOptions(wire, LAYERS.submission);

/** What both interfaces answer about each task. */
export const toTaskInfos = (creations: readonly Creation[], taskIds: readonly string[]) =>
  creations.map(({ payloadId, dataDependencies, expectedOutputKeys }, i) => ({
    taskId: taskIds[i] ?? "",
    expectedOutputIds: expectedOutputKeys,
    dataDependencies,
    payloadId,
  }));
