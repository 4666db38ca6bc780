import { boundedText } from "../../domain/error-text.ts";
import { afterFailure } from "../../domain/retry.ts";
import type { CommitRecord, TaskDefinition } from "../../domain/task.ts";
import type { CallEnd } from "../worker/worker-client.ts";

/** A success still has to be stored before its commit record can be written. */
export type Outcome = "completed" | CommitRecord;

/** What the end of a worker call means for its task. What the worker said is kept up to `maxErrorBytes`. */
export function toOutcome(task: TaskDefinition, end: CallEnd, maxErrorBytes: number): Outcome {
  const said = (text: string): string => boundedText(text, maxErrorBytes);
  if (end.kind === "timeout") {
    const { maxDurationMs } = task.options;
    return { outcome: "timeout", error: `The task did not end within ${maxDurationMs} ms` };
  }
  if (end.kind === "failed") {
    const { code, details, connectionLost } = end;
    const error = connectionLost
      ? `Worker went down: ${said(details)}`
      : `Worker returned error ${code}: ${said(details)}`;
    return afterFailure(task, { error, crashed: connectionLost });
  }
  const output = end.reply.output?.type;
  if (output?.$case === "ok") return "completed";
  // Never empty: who lists tasks knows a failure by its error alone.
  if (output?.$case === "error")
    return { outcome: "error", error: said(output.value.details) || "The worker did not say why" };
  return afterFailure(task, { error: "Worker answered without an output", crashed: false });
}
