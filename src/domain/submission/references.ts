// Whether the results that new tasks name may be named so.
import { GridError, invalid } from "../errors.ts";
import type { ResultId, SessionId } from "../ids.ts";
import type { Result } from "../result.ts";
import { ResultStatus } from "../status.ts";
import type { NewTask, ReferenceField, Submission, SubmissionFields } from "./submission.ts";

/** What is known of the results that the tasks name; unknown ones are missing. */
export type References = ReadonlyMap<ResultId, Pick<Result, "sessionId" | "status">>;

/** Answers what is wrong with naming the result there, if anything is. */
function refusalOf(
  row: Pick<Result, "sessionId" | "status"> | undefined,
  { id, sessionId, isOutput }: { id: ResultId; sessionId: SessionId; isOutput: boolean },
): { code: "RESULT_NOT_FOUND" | "RESULT_INVALID_STATUS"; why: string } | undefined {
  if (row?.sessionId !== sessionId)
    return { code: "RESULT_NOT_FOUND", why: `there is no result "${id}" in session ${sessionId}` };
  const { status } = row;
  if (isOutput && status !== ResultStatus.CREATED)
    return {
      code: "RESULT_INVALID_STATUS",
      why: `result ${id} has status ${status}; an output must be created (1)`,
    };
  if (status === ResultStatus.ABORTED || status === ResultStatus.DELETED)
    return {
      code: "RESULT_INVALID_STATUS",
      why: `result ${id} has status ${status}; an input must be created (1) or completed (2)`,
    };
  return undefined;
}

/**
 * Checks what each of the session's new tasks names.
 *
 * @throws {GridError} naming the field, what is wrong and what is allowed.
 */
export function checkReferences(
  { sessionId, tasks }: Pick<Submission, "sessionId" | "tasks">,
  references: References,
  fields: SubmissionFields,
): void {
  const check = (task: number, id: ResultId, field: ReferenceField, index?: number): void => {
    const name = () => fields.reference(task, field, index);
    if (id === "") throw invalid(name(), "is empty", "name a result of the session");
    const isOutput = field === "expectedOutputIds";
    const refusal = refusalOf(references.get(id), { id, sessionId, isOutput });
    if (refusal) throw new GridError(refusal.code, `${name()}: ${refusal.why}`);
  };

  for (const [n, task] of tasks.entries()) {
    check(n, task.payloadId, "payloadId");
    for (const [i, id] of task.dataDependencies.entries()) check(n, id, "dataDependencies", i);
    for (const [i, id] of task.expectedOutputIds.entries()) check(n, id, "expectedOutputIds", i);
    refuseOwnOutput(n, task, fields);
  }
}

/** A task that needs what it makes would wait for ever. */
function refuseOwnOutput(
  task: number,
  { payloadId, dataDependencies, expectedOutputIds }: NewTask,
  fields: SubmissionFields,
): void {
  const refuse = (field: ReferenceField, index?: number): never => {
    const name = fields.reference(task, field, index);
    throw invalid(name, "is one of the task's own outputs", "name another result");
  };
  for (const id of expectedOutputIds) {
    if (id === payloadId) refuse("payloadId");
    const i = dataDependencies.indexOf(id);
    if (i >= 0) refuse("dataDependencies", i);
  }
}
