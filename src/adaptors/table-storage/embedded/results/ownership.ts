// Whose failure aborts a result.
import type { ResultId, SessionId, TaskId } from "../../../../domain/ids.ts";
import { ResultStatus } from "../../../../domain/status.ts";
import type { ResultTable } from "../../port/results.ts";
import type { Store } from "../store.ts";

// R3: staged rows are nobody's yet.
const CHANGE = `UPDATE results SET owner = ?1
  WHERE result_id = ?2 AND owner = ?3 AND owner <> ?1 AND status <> ${ResultStatus.STAGED}
  RETURNING session_id`;

interface Move {
  readonly resultId: ResultId;
  readonly from: TaskId | "";
  readonly to: TaskId | "";
}

export const resultOwnership = (store: Store): Pick<ResultTable, "claim" | "transfer"> => {
  const move = (moves: Iterable<Move>): Promise<void> =>
    store.write((ledger) => {
      const change = store.sql(CHANGE);
      for (const { resultId, from, to } of moves) {
        const row = change.get(to, resultId, from) as { session_id: SessionId } | undefined;
        if (!row) continue;
        ledger.changed(row.session_id, {
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
