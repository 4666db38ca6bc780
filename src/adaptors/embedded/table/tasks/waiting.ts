// Tasks that wait for an agent (SUBMITTED): one index, by partition, session and age, answers all
// questions about them. It is stepped through from one partition or session to the next.
import type { BatchId, PartitionId, SessionId, TaskId } from "../../../../domain/ids.ts";
import { TaskStatus } from "../../../../domain/status.ts";
import type { TaskTable } from "../../../ports/table/tasks.ts";
import type { Store } from "../store.ts";

const WAITING = `FROM tasks INDEXED BY tasks_waiting WHERE status = ${TaskStatus.SUBMITTED}`;
const IN_SESSION = `${WAITING} AND partition_id = ? AND session_id = ?`;

const FIRST_PARTITION = `SELECT min(partition_id) ${WAITING}`;
const NEXT_PARTITION = `${FIRST_PARTITION} AND partition_id > ?`;
// Plain statements: a count of a limited subquery costs several times as much.
const IS_FULL = `SELECT 1 ${IN_SESSION} LIMIT 1 OFFSET ?`;
const COUNT = `SELECT count(*) ${IN_SESSION}`;
const ROWS = `SELECT n, task_id, batch_id, partition_id ${IN_SESSION}`;

const IS_WAITING = `WITH RECURSIVE sessions (id) AS (
  SELECT min(session_id) ${WAITING} AND partition_id = ?1
  UNION ALL
  SELECT (SELECT min(session_id) ${WAITING} AND partition_id = ?1 AND session_id > id)
    FROM sessions WHERE id IS NOT NULL)
  SELECT 1 FROM sessions WHERE EXISTS (
    SELECT 1 ${WAITING} AND partition_id = ?1 AND session_id = id AND since <= ?2) LIMIT 1`;

type One<T> = readonly [T];
export type WaitingTuple = readonly [
  n: number,
  taskId: TaskId,
  batchId: BatchId,
  partitionId: PartitionId,
];

function* partitionsOf(store: Store): Generator<PartitionId> {
  let [partition] = store.tuples(FIRST_PARTITION).get() as unknown as One<PartitionId | null>;
  while (partition !== null) {
    yield partition;
    [partition] = store.tuples(NEXT_PARTITION).get(partition) as unknown as One<PartitionId | null>;
  }
}

/** The session's waiting tasks. */
export const waitingIn = (store: Store, sessionId: SessionId): WaitingTuple[] =>
  [...partitionsOf(store)].flatMap(
    (partition) =>
      store.tuples(ROWS).all(partition, sessionId) as unknown as readonly WaitingTuple[],
  );

function roomBelow(store: Store, sessionId: SessionId, limit: number): number {
  let room = limit;
  for (const partition of partitionsOf(store)) {
    if (room === 0 || store.tuples(IS_FULL).get(partition, sessionId, room - 1)) return 0;
    const [count] = store.tuples(COUNT).get(partition, sessionId) as unknown as One<number>;
    room -= count;
  }
  return room;
}

export const waitingTasks = (store: Store): Pick<TaskTable, "roomBelow" | "isWaiting"> => ({
  roomBelow: (sessionId, limit) => store.read(() => roomBelow(store, sessionId, limit)),

  isWaiting: (partitionId, olderThanMs) =>
    store.read(
      () => store.tuples(IS_WAITING).get(partitionId, store.now() - olderThanMs) !== undefined,
    ),
});
