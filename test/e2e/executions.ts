/** What the tests' worker notes in the file that EXECUTIONS_LOG names. */
import { readFileSync } from "node:fs";

export interface Execution {
  readonly taskId: string;
  /** The name of the worker's socket. */
  readonly worker: string;
}

/** Every execution of user code so far, in the order in which they began. */
export function executions(log: string): Execution[] {
  const lines = readFileSync(log, { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean);
  return lines.map((line) => {
    const [taskId = "", worker = ""] = line.split(" ");
    return { taskId, worker };
  });
}

/** The task as its client knows it: a retry is `<initial>###<n>`. */
export const initialOf = (taskId: string): string => taskId.replace(/###\d+$/, "");
