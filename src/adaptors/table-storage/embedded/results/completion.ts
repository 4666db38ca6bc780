// A result becomes COMPLETED or ABORTED once (I5).
import type { ResultId, SessionId, TaskId } from "../../../../domain/ids.ts";
import { RESULT_MACHINE, ResultStatus, sourcesOf } from "../../../../domain/status.ts";
import type { CompletedResult } from "../../../../domain/task.ts";
import type { ResultTable } from "../../port/results.ts";
import type { Ledger } from "../ledger.ts";
import type { Store } from "../store.ts";

const { ABORTED, COMPLETED, CREATED, STAGED } = ResultStatus;

// A staged result completes by being published, and not here (R3).
const COMPLETABLE = sourcesOf(RESULT_MACHINE, COMPLETED).filter((status) => status !== STAGED);

const COMPLETE = `UPDATE results SET status = ${COMPLETED}, completed_at = ?1, size = ?2,
    object_id = ?3
  WHERE result_id = ?4 AND status IN (${COMPLETABLE}) RETURNING session_id`;
const IS_COMPLETED = `SELECT 1 FROM results
  WHERE result_id = ? AND object_id = ? AND status = ${COMPLETED}`;

const ABORT_OWNED = `UPDATE results SET status = ${ABORTED}, completed_at = ?1
  WHERE result_id = ?2 AND owner = ?3 AND status IN (${sourcesOf(RESULT_MACHINE, ABORTED)})
  RETURNING session_id`;
const IS_ABORTED = `SELECT 1 FROM results WHERE result_id = ? AND status = ${ABORTED}`;

const UNOWNED = `SELECT n, result_id FROM results
  WHERE session_id = ? AND owner = '' AND status = ${CREATED} LIMIT ?`;
const ABORT = `UPDATE results SET status = ${ABORTED}, completed_at = ? WHERE n = ?`;

type Completion = Pick<ResultTable, "complete" | "abortOwned" | "abortUnowned">;

export const resultCompletion = (store: Store): Completion => {
  const changed = (ledger: Ledger, row: unknown, resultId: ResultId, status: ResultStatus) =>
    ledger.changed((row as { session_id: SessionId }).session_id, {
      kind: "resultStatus",
      resultId,
      status,
    });

  const completeOne = (completion: CompletedResult, at: number, ledger: Ledger): boolean => {
    const { resultId, objectId, size } = completion;
    const row = store.sql(COMPLETE).get(at, size, objectId, resultId);
    if (row) changed(ledger, row, resultId, COMPLETED);
    return row !== undefined || store.sql(IS_COMPLETED).get(resultId, objectId) !== undefined;
  };

  const abortOne = (resultId: ResultId, owner: TaskId, at: number, ledger: Ledger): boolean => {
    const row = store.sql(ABORT_OWNED).get(at, resultId, owner);
    if (row) changed(ledger, row, resultId, ABORTED);
    return row !== undefined || store.sql(IS_ABORTED).get(resultId) !== undefined;
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
        const rows = store.sql(UNOWNED).all(sessionId, limit);
        return (rows as unknown as { n: number; result_id: ResultId }[]).map((row) => {
          store.sql(ABORT).run(at, row.n);
          ledger.changed(sessionId, {
            kind: "resultStatus",
            resultId: row.result_id,
            status: ABORTED,
          });
          return row.result_id;
        });
      }),
  };
};
