// Whether the results that new tasks name may be named so, for tasks of clients and of workers.
import { GridError, invalid } from "../domain/errors.ts";
import { type ResultId, resultId, type SessionId } from "../domain/ids.ts";
import type { Result } from "../domain/result.ts";
import { ResultStatus } from "../domain/status.ts";

/** A task as its submission names it. */
export interface Creation {
  readonly payloadId: string;
  readonly dataDependencies: readonly string[];
  readonly expectedOutputKeys: readonly string[];
}

/** What is known of the results that the tasks name; unknown ones are missing. */
export type References = ReadonlyMap<ResultId, Pick<Result, "sessionId" | "status">>;

/** Every result that the tasks name, each once. */
export function namedBy(creations: readonly Creation[]): Set<ResultId> {
  const ids = new Set<ResultId>();
  for (const { payloadId, dataDependencies, expectedOutputKeys } of creations) {
    ids.add(resultId(payloadId));
    for (const id of dataDependencies) ids.add(resultId(id));
    for (const id of expectedOutputKeys) ids.add(resultId(id));
  }
  return ids;
}

/** The fields of one task creation; spelled out only when one of them is refused. */
const nameOf = (task: number, field: string, index?: number): string =>
  `task_creations[${task}].${field}${index === undefined ? "" : `[${index}]`}`;

/** Answers what is wrong with naming the result there, if anything is. */
function refusalOf(
  row: Pick<Result, "sessionId" | "status"> | undefined,
  { id, sessionId, isOutput }: { id: string; sessionId: SessionId; isOutput: boolean },
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

/** Checks the references of a session's new tasks, one by one. */
export function createReferenceCheck(sessionId: SessionId, references: References) {
  const check = (id: string, isOutput: boolean, name: () => string): void => {
    if (id === "") throw invalid(name(), "is empty", "name a result of the session");
    const refusal = refusalOf(references.get(resultId(id)), { id, sessionId, isOutput });
    if (refusal) throw new GridError(refusal.code, `${name()}: ${refusal.why}`);
  };

  /** @throws {GridError} naming the field, what is wrong and what is allowed. */
  return (creation: Creation, task: number): void => {
    const { payloadId, dataDependencies, expectedOutputKeys } = creation;
    check(payloadId, false, () => nameOf(task, "payload_id"));
    for (const [i, id] of dataDependencies.entries())
      check(id, false, () => nameOf(task, "data_dependencies", i));
    for (const [i, id] of expectedOutputKeys.entries())
      check(id, true, () => nameOf(task, "expected_output_keys", i));
    refuseOwnOutput(creation, task);
  };
}

/** A task that needs what it makes would wait for ever. */
function refuseOwnOutput(
  { payloadId, dataDependencies, expectedOutputKeys }: Creation,
  task: number,
): void {
  const own = "is one of the task's own outputs";
  for (const id of expectedOutputKeys) {
    if (id === payloadId) throw invalid(nameOf(task, "payload_id"), own, "name another result");
    const i = dataDependencies.indexOf(id);
    if (i >= 0) throw invalid(nameOf(task, "data_dependencies", i), own, "name another result");
  }
}
