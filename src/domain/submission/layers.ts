import { GridError } from "../errors.ts";
import type { Session } from "../session.ts";
import { mergeOptions, type TaskOptions } from "../task-options.ts";
import type { Layer, SubmissionFields } from "./submission.ts";

/**
 * Merges the options of a submission: task over submission over session.
 *
 * Tasks that share their options share the merged ones: they are merged once, and stores that write
 * each object once save a copy a task.
 */
export function createLayers(
  { defaultOptions, partitionIds, sessionId }: Session,
  submission: TaskOptions | undefined,
  fields: SubmissionFields,
) {
  const base = mergeOptions(submission, defaultOptions);
  const merged = new Map<TaskOptions | undefined, TaskOptions>();

  const requireAllowed = ({ partitionId }: TaskOptions, layer: Layer): void => {
    if (partitionId !== "" && partitionIds.includes(partitionId)) return;
    throw new GridError(
      "PARTITION_NOT_ALLOWED",
      `${fields.partition(layer)}: is "${partitionId}"; session ${sessionId} has ${partitionIds.join(", ")}`,
    );
  };
  const lowerLayer = submission?.partitionId ? "submission" : "session";

  /** @throws {GridError} PARTITION_NOT_ALLOWED, naming the layer that says so. */
  return (upper: TaskOptions | undefined, task: number): TaskOptions => {
    const known = merged.get(upper);
    if (known) return known;
    const options = mergeOptions(upper, base);
    requireAllowed(options, upper?.partitionId ? task : lowerLayer);
    merged.set(upper, options);
    return options;
  };
}
