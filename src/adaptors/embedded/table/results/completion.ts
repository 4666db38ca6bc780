// A result becomes COMPLETED or ABORTED once (I5).
import type { ResultId, SessionId, TaskId } from "../../../../domain/ids.ts";
import { ResultStatus } from "../../../../domain/status.ts";
import type { CompletedResult } from "../../../../domain/task.ts";
import type { ResultTable } from "../../../ports/table/results.ts";
import type { Ledger } from "../ledger.ts";
import type { Store } from "../store.ts";
import { findResult, mayBecome } from "./found.ts";

const { ABORTED, COMPLETED, CREATED } = ResultStatus;

const COMPLETE = `UPDATE results SET status = ${COMPLETED}, completed_at = ?, size = ?,
  object_id = ? WHERE n = ?`;
const ABORT = `UPDATE results SET status = ${ABORTED}, completed_at = ? WHERE n = ?`;
const UNOWNED = `SELECT n, result_id FROM results
  WHERE session_id = ? AND owner = '' AND status = ${CREATED} LIMIT ?`;

type Completion = Pick<ResultTable, "complete" | "abortOwned" | "abortUnowned">;

export const resultCompletion = (store: Store): Completion => {
  const completeOne = (completion: CompletedResult, at: number, ledger: Ledger): boolean => {
    const { resultId, objectId, size } = completion;
    const result = findResult(store, resultId);
    if (!result) return false;
    if (!mayBecome(result.status, COMPLETED))
      return result.status === COMPLETED && result.objectId === objectId;
    store.sql(COMPLETE).run(at, size, objectId, result.n);
    ledger.changed(result.sessionId, { kind: "resultStatus", resultId, status: COMPLETED });
    return true;
  };

  const abort = (
    n: number,
    resultId: ResultId,
    sessionId: SessionId,
    at: number,
    ledger: Ledger,
  ) => {
    store.sql(ABORT).run(at, n);
    ledger.changed(sessionId, { kind: "resultStatus", resultId, status: ABORTED });
  };

  const abortOne = (resultId: ResultId, owner: TaskId, at: number, ledger: Ledger): boolean => {
    const result = findResult(store, resultId);
    if (!result) return false;
    if (result.owner !== owner || !mayBecome(result.status, ABORTED))
      return result.status === ABORTED;
    abort(result.n, resultId, result.sessionId, at, ledger);
    return true;
  };

  return {
    async complete(completions, at) {
      if (completions.length === 0) return [];
      return store.write((ledger) =>
        completions.map((completion) => completeOne(completion, at, ledger)),
      );
    },

    async abortOwned(owned, at) {
      if (owned.every(({ resultIds }) => resultIds.length === 0)) return [];
      return store.write((ledger) =>
        owned.flatMap(({ taskId, resultIds }) =>
          resultIds.filter((resultId) => abortOne(resultId, taskId, at, ledger)),
        ),
      );
    },

    abortUnowned: (sessionId, limit, at) =>
      store.write((ledger) => {
        const rows = store.tuples(UNOWNED).all(sessionId, limit) as unknown as [number, ResultId][];
        return rows.map(([n, resultId]) => {
          abort(n, resultId, sessionId, at, ledger);
          return resultId;
        });
      }),
  };
};
