import { boundedText } from "../../domain/error-text.ts";
import { afterFailure } from "../../domain/retry.ts";
import type { CommitRecord, TaskDefinition } from "../../domain/task.ts";
import type { CallEnd } from "../worker/worker-client.ts";
import { pointToLog, type WorkerLogPlace } from "./worker-log.ts";

/** A success still has to be stored before its commit record can be written. */
export type Outcome = "completed" | CommitRecord;

export interface FailureTexts {
  /** This much is kept of what the worker said. */
  readonly maxErrorBytes: number;
  readonly workerLog: WorkerLogPlace;
}

/**
 * What frameworks answer when the worker's code raised: gRPC of Python (where the SDK's worker
 * returns nothing after an exception), of .NET, of Java. The exception's text is in the log only.
 */
const RAISED =
  /^(Failed to serialize response!|Exception was thrown by handler\.|Application error processing RPC)$/;

/** What the end of a worker call means for its task. */
export function toOutcome(task: TaskDefinition, end: CallEnd, texts: FailureTexts): Outcome {
  const said = (text: string): string => boundedText(text, texts.maxErrorBytes);
  if (end.kind === "timeout") {
    const { maxDurationMs } = task.options;
    return { outcome: "timeout", error: `The task did not end within ${maxDurationMs} ms` };
  }
  if (end.kind === "failed") {
    const error = said(sayFailure(end, texts.workerLog));
    return afterFailure(task, { error, crashed: end.connectionLost });
  }
  const output = end.reply.output?.type;
  if (output?.$case === "ok") return "completed";
  // Never empty: who lists tasks knows a failure by its error alone.
  if (output?.$case === "error")
    return { outcome: "error", error: said(output.value.details) || "The worker did not say why" };
  return afterFailure(task, { error: "Worker answered without an output", crashed: false });
}

function sayFailure(
  { code, details, connectionLost }: CallEnd & { kind: "failed" },
  log: WorkerLogPlace,
): string {
  if (connectionLost) return `Worker went down: ${details}\n${pointToLog(log)}`;
  const error = `Worker returned error ${code}: ${details}`;
  if (!RAISED.test(details)) return error;
  return `${error}\nThe worker's code raised an exception. ${pointToLog(log)}`;
}
