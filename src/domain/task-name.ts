import type { Result } from "./result.ts";
import type { TaskDefinition } from "./task.ts";

const LONGEST = 60;
/** Letters, digits, punctuation, symbols and blanks; nothing that would break a line. */
const READABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u;

const isReadable = (text: string): boolean => text.length <= LONGEST && READABLE.test(text);

/** What people see of a task in the Temporal UI: the name of its output, if it has a good one. */
export function nameOf(task: TaskDefinition, output: Result | undefined): string {
  const name = output && isReadable(output.name) ? output.name : task.taskId;
  const { applicationName, applicationService } = task.options;
  const program = [applicationName, applicationService].filter(Boolean).join("/");
  return program !== "" && isReadable(program) ? `${name} (${program})` : name;
}
