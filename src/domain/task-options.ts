/** How a task is to be run. Merged at submission from three layers: task ▸ request ▸ session. */
import type { PartitionId } from "./ids.ts";

export interface TaskOptions {
  readonly options: Readonly<Record<string, string>>;
  /** Limit of one worker call, per attempt; 0 = not set. */
  readonly maxDurationMs: number;
  /** Re-executions after the first; 0 = not set. */
  readonly maxRetries: number;
  /** 1…99, larger = sooner; 0 = not set. */
  readonly priority: number;
  readonly partitionId: PartitionId | "";
  readonly applicationName: string;
  readonly applicationVersion: string;
  readonly applicationNamespace: string;
  readonly applicationService: string;
  readonly engineType: string;
}

/**
 * Each set value of the upper layer wins, an absent layer counts as nothing set.
 *
 * Differs from the original on purpose: there a priority of 0 overrides, though proto3 cannot
 * tell it from "not set".
 */
export function mergeOptions(upper: TaskOptions | undefined, lower: TaskOptions): TaskOptions {
  if (!upper) return lower;
  return {
    options: { ...lower.options, ...upper.options },
    maxDurationMs: upper.maxDurationMs || lower.maxDurationMs,
    maxRetries: upper.maxRetries || lower.maxRetries,
    priority: upper.priority || lower.priority,
    partitionId: upper.partitionId || lower.partitionId,
    applicationName: upper.applicationName || lower.applicationName,
    applicationVersion: upper.applicationVersion || lower.applicationVersion,
    applicationNamespace: upper.applicationNamespace || lower.applicationNamespace,
    applicationService: upper.applicationService || lower.applicationService,
    engineType: upper.engineType || lower.engineType,
  };
}
