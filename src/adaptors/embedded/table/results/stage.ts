// Results come to be visibly, or staged by an attempt until its commit point (R3).
import type { ResultId } from "../../../../domain/ids.ts";
import type { Result } from "../../../../domain/result.ts";
import { ResultStatus } from "../../../../domain/status.ts";
import type { ResultTable } from "../../../ports/table/results.ts";
import type { Ledger } from "../ledger.ts";
import { RESULT_COLUMNS, type ResultRow, toResult } from "../result-rows.ts";
import type { Store } from "../store.ts";

const { STAGED } = ResultStatus;

const INSERT = `INSERT INTO results (result_id, session_id, name, created_by, owner, status,
    created_at, completed_at, size, object_id, manual_deletion, stage, publish_as)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

const PUBLISH = `UPDATE results SET status = publish_as WHERE stage = ? AND status = ${STAGED}
  RETURNING ${RESULT_COLUMNS}`;
const PUBLISHED = `SELECT result_id FROM results
  WHERE stage = ? AND status = ${ResultStatus.COMPLETED} ORDER BY n`;
const IS_ANY_STAGED = `SELECT 1 FROM results WHERE stage = ? AND status = ${STAGED} LIMIT 1`;
const DROP = `DELETE FROM results WHERE stage = ? AND status = ${STAGED}`;

const isNew = (ledger: Ledger, result: Result): void =>
  ledger.changed(result.sessionId, {
    kind: "newResult",
    resultId: result.resultId,
    ownerTaskId: result.ownerTaskId,
    status: result.status,
  });

type Staging = Pick<ResultTable, "create" | "publish" | "dropStaged">;

export const resultStaging = (store: Store): Staging => {
  const insert = (result: Result, stage: string | undefined): boolean => {
    const visible = stage === undefined;
    const { changes } = store
      .sql(INSERT)
      .run(
        result.resultId,
        result.sessionId,
        result.name,
        result.createdBy,
        result.ownerTaskId,
        visible ? result.status : STAGED,
        result.createdAt,
        result.completedAt ?? null,
        result.size,
        result.objectId,
        result.manualDeletion ? 1 : 0,
        stage ?? null,
        visible ? null : result.status,
      );
    return changes === 1;
  };

  return {
    async create(results, stage) {
      if (results.length === 0) return;
      await store.write((ledger) => {
        for (const result of results)
          if (insert(result, stage) && stage === undefined) isNew(ledger, result);
      });
    },

    publish: (stage) =>
      store.write((ledger) => {
        for (const row of store.tuples(PUBLISH).all(stage) as unknown as ResultRow[])
          isNew(ledger, toResult(row));
        return store
          .sql(PUBLISHED)
          .all(stage)
          .map((row) => row["result_id"] as ResultId);
      }),

    async dropStaged(stage) {
      // Most attempts have staged nothing: they should not wait for the write lock.
      if (await store.read(() => store.sql(IS_ANY_STAGED).get(stage)))
        await store.write(() => void store.sql(DROP).run(stage));
    },
  };
};
