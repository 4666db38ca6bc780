// Results come to be visibly, or staged by an attempt until its commit point (R3).
import type { ResultId, SessionId, StageId, TaskId } from "../../../../domain/ids.ts";
import type { Result } from "../../../../domain/result.ts";
import { ResultStatus } from "../../../../domain/status.ts";
import type { ResultTable } from "../../../ports/table/results.ts";
import type { Ledger } from "../ledger.ts";
import type { Store } from "../store.ts";

const { STAGED } = ResultStatus;

const INSERT = `INSERT INTO results (result_id, session_id, name, created_by, owner, status,
    created_at, completed_at, size, object_id, manual_deletion, stage, publish_as)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

const OF_STAGE = `SELECT n, result_id, session_id, owner, status, publish_as FROM results
  WHERE stage = ? ORDER BY n`;
const PUBLISH = "UPDATE results SET status = publish_as WHERE n = ?";
const IS_ANY_STAGED = `SELECT 1 FROM results WHERE stage = ? AND status = ${STAGED} LIMIT 1`;
const DROP = `DELETE FROM results WHERE stage = ? AND status = ${STAGED}`;

type News = Pick<Result, "sessionId" | "resultId" | "ownerTaskId" | "status">;

const isNew = (ledger: Ledger, { sessionId, resultId, ownerTaskId, status }: News): void =>
  ledger.changed(sessionId, { kind: "newResult", resultId, ownerTaskId, status });

type StagedTuple = readonly [
  n: number,
  resultId: ResultId,
  sessionId: SessionId,
  ownerTaskId: TaskId | "",
  status: ResultStatus,
  publishAs: ResultStatus,
];

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

  /** Answers the ids that are COMPLETED, those of an earlier publication included. */
  const publishOne = (stage: StageId, ledger: Ledger): ResultId[] => {
    const completed: ResultId[] = [];
    for (const row of store.tuples(OF_STAGE).all(stage) as unknown as StagedTuple[]) {
      const [n, resultId, sessionId, ownerTaskId, before, publishAs] = row;
      const status = before === STAGED ? publishAs : before;
      if (before === STAGED) {
        store.sql(PUBLISH).run(n);
        isNew(ledger, { resultId, sessionId, ownerTaskId, status });
      }
      if (status === ResultStatus.COMPLETED) completed.push(resultId);
    }
    return completed;
  };

  return {
    async create(results, stage) {
      if (results.length === 0) return;
      await store.write((ledger) => {
        for (const result of results)
          if (insert(result, stage) && stage === undefined) isNew(ledger, result);
      });
    },

    async publish(stages) {
      if (stages.length === 0) return [];
      return store.write((ledger) => stages.flatMap((stage) => publishOne(stage, ledger)));
    },

    async dropStaged(stages) {
      if (stages.length === 0) return;
      // Most attempts have staged nothing: they should not wait for the write lock.
      const some = await store.read(() => {
        const isAny = store.sql(IS_ANY_STAGED);
        return stages.filter((stage) => isAny.get(stage));
      });
      if (some.length === 0) return;
      await store.write(() => {
        for (const stage of some) store.sql(DROP).run(stage);
      });
    },
  };
};
