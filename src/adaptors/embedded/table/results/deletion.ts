// A deleted result keeps its row, which says so and which object may be left over.
import type { ResultId } from "../../../../domain/ids.ts";
import { ResultStatus } from "../../../../domain/status.ts";
import type { DeletedResult, ResultTable } from "../../../ports/table/results.ts";
import type { Ledger } from "../ledger.ts";
import type { Store } from "../store.ts";
import { findResult, mayBecome } from "./found.ts";

const { DELETED } = ResultStatus;

const DELETE = `UPDATE results SET status = ${DELETED} WHERE n = ?`;

export const resultDeletion = (store: Store): Pick<ResultTable, "delete"> => {
  const deleteOne = (resultId: ResultId, ledger: Ledger): DeletedResult[] => {
    const result = findResult(store, resultId);
    if (!result) return [];
    const { n, sessionId, status, objectId } = result;
    if (mayBecome(status, DELETED)) {
      store.sql(DELETE).run(n);
      ledger.changed(sessionId, { kind: "resultStatus", resultId, status: DELETED });
    } else if (status !== DELETED) return [];
    return objectId === "" ? [] : [{ resultId, objectId }];
  };

  return {
    async delete(resultIds) {
      if (resultIds.length === 0) return [];
      return store.write((ledger) => resultIds.flatMap((id) => deleteOne(id, ledger)));
    },
  };
};
