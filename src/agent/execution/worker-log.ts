import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Where a worker's log is, for people. */
export interface WorkerLogPlace {
  readonly hostname: string;
  readonly agentId: string;
  /** On this machine, if it is known. */
  readonly file?: string | undefined;
}

/** Kept with each failed task: a mistake in a program may make thousands of them. */
const LAST_BYTES = 4 * 1_024;
const LAST_LINES = 30;

/** Names the log, and shows its end where it can be read: one sentence, then lines. */
export function pointToLog({ hostname, agentId, file }: WorkerLogPlace): string {
  const where = `The log of the worker beside agent ${agentId} on host ${hostname}`;
  if (file === undefined) return `${where} says more`;
  const lines = lastLines(file);
  return lines ? `${where}, ${file}, ends with\n${lines}` : `${where} is ${file}`;
}

/** Nothing if the file is empty or cannot be read: it is only for people. */
function lastLines(file: string): string {
  try {
    const fd = openSync(file, "r");
    try {
      const { size } = fstatSync(fd);
      const bytes = Buffer.alloc(Math.min(size, LAST_BYTES));
      readSync(fd, bytes, 0, bytes.length, size - bytes.length);
      const text = bytes.toString("utf8").trimEnd().split("\n").slice(-LAST_LINES).join("\n");
      return size > LAST_BYTES ? `…${text}` : text;
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}
