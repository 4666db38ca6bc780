import { invalid } from "../domain/errors.ts";
import { partitionId } from "../domain/ids.ts";
import type { TaskOptions } from "../domain/task-options.ts";
import type { TaskOptions as WireTaskOptions } from "../gen/objects.ts";
import { toDuration, toMs } from "./time.ts";

const HIGHEST_PRIORITY = 99;

/** Reads one layer of options; 0 and "" mean that the layer below decides. */
export function toTaskOptions(wire: WireTaskOptions, path: string): TaskOptions {
  const { maxRetries, priority } = wire;
  const maxDurationMs = toMs(wire.maxDuration);
  if (maxRetries < 0) throw invalid(`${path}.max_retries`, `is ${maxRetries}`, "at least 0");
  if (priority < 0 || priority > HIGHEST_PRIORITY)
    throw invalid(
      `${path}.priority`,
      `is ${priority}`,
      `1 to ${HIGHEST_PRIORITY}, or 0 to inherit`,
    );
  if (maxDurationMs < 0)
    throw invalid(`${path}.max_duration`, `is ${maxDurationMs} ms`, "not negative");
  return {
    options: wire.options,
    maxDurationMs,
    maxRetries,
    priority,
    partitionId: partitionId(wire.partitionId),
    applicationName: wire.applicationName,
    applicationVersion: wire.applicationVersion,
    applicationNamespace: wire.applicationNamespace,
    applicationService: wire.applicationService,
    engineType: wire.engineType,
  };
}

/** Reads a session's defaults, below which there is no layer: what must be set is set. */
export function toDefaultOptions(wire: WireTaskOptions | undefined, path: string): TaskOptions {
  if (!wire) throw invalid(path, "is missing", "give at least max_duration, max_retries, priority");
  if (!wire.maxDuration) throw invalid(`${path}.max_duration`, "is missing", "0 means no limit");
  if (wire.maxRetries < 1)
    throw invalid(`${path}.max_retries`, `is ${wire.maxRetries}`, "at least 1");
  if (wire.priority === 0) throw invalid(`${path}.priority`, "is 0", `1 to ${HIGHEST_PRIORITY}`);
  return toTaskOptions(wire, path);
}

export const toWireTaskOptions = (options: TaskOptions): WireTaskOptions => ({
  options: options.options,
  maxDuration: toDuration(options.maxDurationMs),
  maxRetries: options.maxRetries,
  priority: options.priority,
  partitionId: options.partitionId,
  applicationName: options.applicationName,
  applicationVersion: options.applicationVersion,
  applicationNamespace: options.applicationNamespace,
  applicationService: options.applicationService,
  engineType: options.engineType,
});
