import { GridError } from "../domain/errors.ts";
import type { Session } from "../domain/session.ts";
import { mergeOptions, type TaskOptions } from "../domain/task-options.ts";
import type { TaskOptions as WireTaskOptions } from "../gen/objects.ts";
import { toTaskOptions } from "./task-options.ts";

/**
 * Merges the options of a submission: task over request over session.
 *
 * Tasks with equal options share one object: they are merged once, and stores that write each
 * object once save a copy a task.
 */
export function createLayers(session: Session, request: WireTaskOptions | undefined) {
  const { defaultOptions, partitionIds, sessionId } = session;
  const merge = (wire: WireTaskOptions | undefined, lower: TaskOptions, path: string) =>
    wire ? mergeOptions(toTaskOptions(wire, path), lower) : lower;
  const base = merge(request, defaultOptions, "task_options");
  const merged = new Map<string, TaskOptions>();

  const requireAllowed = (options: TaskOptions, layer: string): TaskOptions => {
    const { partitionId } = options;
    if (partitionId !== "" && partitionIds.includes(partitionId)) return options;
    throw new GridError(
      "PARTITION_NOT_ALLOWED",
      `${layer}.partition_id: is "${partitionId}"; session ${sessionId} has ${partitionIds.join(", ")}`,
    );
  };
  const lowerLayer = request?.partitionId ? "task_options" : "the session's default_task_option";

  /** @throws {GridError} PARTITION_NOT_ALLOWED, INVALID_ARGUMENT. */
  return (wire: WireTaskOptions | undefined, task: number): TaskOptions => {
    const key = wire ? JSON.stringify(wire) : "";
    const known = merged.get(key);
    if (known) return known;
    const path = `task_creations[${task}].task_options`;
    const options = requireAllowed(merge(wire, base, path), wire?.partitionId ? path : lowerLayer);
    merged.set(key, options);
    return options;
  };
}
