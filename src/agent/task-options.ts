import { invalid } from "../domain/errors.ts";
import { partitionId } from "../domain/ids.ts";
import type { TaskOptions } from "../domain/task-options.ts";
import type { TaskOptions as WireTaskOptions } from "../gen/objects.ts";
import { toDuration, toMs } from "../grpc/time.ts";

const HIGHEST_PRIORITY = 99;

/** Reads one layer of options; 0 and "" mean that the layer below decides. */
export function toTaskOptions(wire: WireTaskOptions, path: string): TaskOptions {
  const { maxDuration, maxRetries, priority, partitionId: partition, ...same } = wire;
  const maxDurationMs = toMs(maxDuration);
  if (maxRetries < 0) throw invalid(`${path}.max_retries`, `is ${maxRetries}`, "at least 0");
  if (priority < 0 || priority > HIGHEST_PRIORITY)
    throw invalid(
      `${path}.priority`,
      `is ${priority}`,
      `1 to ${HIGHEST_PRIORITY}, or 0 to inherit`,
    );
  if (maxDurationMs < 0)
    throw invalid(`${path}.max_duration`, `is ${maxDurationMs} ms`, "not negative");
  return { ...same, maxDurationMs, maxRetries, priority, partitionId: partitionId(partition) };
}

export function toWireTaskOptions(options: TaskOptions): WireTaskOptions {
  const { maxDurationMs, options: labels, ...same } = options;
  return { ...same, options: { ...labels }, maxDuration: toDuration(maxDurationMs) };
}
