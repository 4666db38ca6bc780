// Whose failure aborts a result.
import type { ResultId, TaskId } from "../../../../domain/ids.ts";
import { ResultStatus } from "../../../../domain/status.ts";
import type { ResultTable } from "../../../ports/table/results.ts";
import type { Store } from "../store.ts";
import { findResult } from "./found.ts";

const OWN = "UPDATE results SET owner = ? WHERE n = ?";

interface Move {
  readonly resultId: ResultId;
  readonly from: TaskId | "";
  readonly to: TaskId | "";
}

export const resultOwnership = (store: Store): Pick<ResultTable, "claim" | "transfer"> => {
  const move = (moves: Iterable<Move>): Promise<void> =>
    store.write((ledger) => {
      for (const { resultId, from, to } of moves) {
        const result = findResult(store, resultId);
        // R3: a staged result is nobody's yet.
        if (result?.owner !== from || from === to || result.status === ResultStatus.STAGED)
          continue;
        store.sql(OWN).run(to, result.n);
        ledger.changed(result.sessionId, {
          kind: "resultOwner",
          resultId,
          previousOwnerId: from,
          ownerTaskId: to,
        });
      }
    });

  return {
    async claim(claims) {
      if (claims.length === 0) return;
      await move(claims.map(({ resultId, taskId }) => ({ resultId, from: "", to: taskId })));
    },
    async transfer(moves) {
      if (moves.length === 0) return;
      await move(moves);
    },
  };
};
