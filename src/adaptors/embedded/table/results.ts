import type { ResultFields } from "../../../domain/filter/fields.ts";
import { ResultStatus } from "../../../domain/status.ts";
import type { ResultTable } from "../../ports/table/results.ts";
import { type Listing, listRows, WALK_PAGE } from "./listing.ts";
import { RESULT_COLUMNS, type ResultRow, toResult } from "./result-rows.ts";
import { resultCompletion } from "./results/completion.ts";
import { resultDeletion } from "./results/deletion.ts";
import { resultOwnership } from "./results/ownership.ts";
import { resultStaging } from "./results/stage.ts";
import type { Store } from "./store.ts";

// R3
const VISIBLE = `status <> ${ResultStatus.STAGED}`;

const GET = `SELECT ${RESULT_COLUMNS} FROM results WHERE result_id = ? AND ${VISIBLE}`;

// Rowids, unlike ids, only grow: no row moves from one page to another.
const WALK = `SELECT ${RESULT_COLUMNS}, n FROM results
  WHERE session_id = ? AND n > ? AND ${VISIBLE} ORDER BY n LIMIT ${WALK_PAGE}`;

const RESULTS: Listing<ResultFields> = {
  table: "results",
  columns: RESULT_COLUMNS,
  key: "result_id",
  visible: VISIBLE,
  fields: {
    resultId: "result_id",
    sessionId: "session_id",
    name: "name",
    ownerTaskId: "owner",
    createdBy: "created_by",
    status: "status",
    createdAt: "created_at",
    completedAt: "completed_at",
    size: "size",
    objectId: "object_id",
    manualDeletion: "manual_deletion",
  },
};

const toResults = (rows: unknown[]) => (rows as ResultRow[]).map(toResult);

export const resultTable = (store: Store): ResultTable => ({
  ...resultStaging(store),
  ...resultOwnership(store),
  ...resultCompletion(store),
  ...resultDeletion(store),

  async get(resultIds) {
    if (resultIds.length === 0) return [];
    return store.read(() => {
      const get = store.tuples(GET);
      return toResults(resultIds.map((id) => get.get(id)).filter((row) => row !== undefined));
    });
  },

  list: (query) =>
    store.read(() => {
      const { rows, total } = listRows(store, RESULTS, query);
      return { rows: toResults(rows), total };
    }),

  async *walk(sessionId) {
    let last: unknown = 0;
    for (;;) {
      const after = last as number;
      const rows = await store.read(() => store.tuples(WALK).all(sessionId, after));
      yield toResults(rows);
      if (rows.length < WALK_PAGE) return;
      last = (rows as unknown as unknown[][]).at(-1)?.at(-1);
    }
  },
});
