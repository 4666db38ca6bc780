// Brings tasks to where a test begins.
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { AgentId, TaskId } from "../../../src/domain/ids.ts";
import { TaskStatus } from "../../../src/domain/status.ts";
import {
  type CommitRecord,
  STATUS_OF_OUTCOME,
  type Task,
  type TaskDefinition,
} from "../../../src/domain/task.ts";
import { idsOf, someAgent } from "../../support/rows.ts";

type Tables = Pick<TableStorage, "tasks">;

export const COMPLETED: CommitRecord = { outcome: "completed", results: [], staged: false };
export const FAILED: CommitRecord = { outcome: "error", error: "it failed" };
export const CANCELLED: CommitRecord = { outcome: "cancelled", error: "it was cancelled" };
export const RETRIED: CommitRecord = { outcome: "retried", error: "it crashed", crashed: true };
export const TIMED_OUT: CommitRecord = { outcome: "timeout", error: "it took too long" };

export async function pending({ tasks }: Tables, created: readonly TaskDefinition[]) {
  await tasks.create(created);
  await tasks.accept(idsOf(created));
  return idsOf(created);
}

export async function submitted(tables: Tables, created: readonly TaskDefinition[]) {
  const ids = await pending(tables, created);
  await tables.tasks.submit(ids, 2);
  return ids;
}

export async function acquired(
  tables: Tables,
  created: readonly TaskDefinition[],
  agentId: AgentId = someAgent(),
): Promise<Task[]> {
  const ids = await submitted(tables, created);
  return tables.tasks.acquire(ids, { agentId, hostname: "host" }, 3);
}

export async function running(
  tables: Tables,
  created: readonly TaskDefinition[],
  agentId: AgentId = someAgent(),
): Promise<Task[]> {
  const won = await acquired(tables, created, agentId);
  await tables.tasks.start(won.map((task) => ({ ...keyOf(task), fetchedAt: 4, startedAt: 5 })));
  return tables.tasks.get(idsOf(won));
}

export async function decided(
  tables: Tables,
  created: readonly TaskDefinition[],
  record: CommitRecord = COMPLETED,
  agentId: AgentId = someAgent(),
): Promise<Task[]> {
  const tasks = await running(tables, created, agentId);
  await tables.tasks.decide(
    tasks.map((task) => ({ ...keyOf(task), from: [TaskStatus.PROCESSING], record })),
    6,
  );
  return tables.tasks.get(idsOf(tasks));
}

export async function finished(
  tables: Tables,
  created: readonly TaskDefinition[],
  record: CommitRecord = COMPLETED,
): Promise<Task[]> {
  const tasks = await decided(tables, created, record);
  await tables.tasks.finish(idsOf(tasks), 7);
  return tables.tasks.get(idsOf(tasks));
}

export const keyOf = ({ taskId, attempt }: Task) => ({ taskId, attempt });

export const statusOf = async ({ tasks }: Tables, id: TaskId): Promise<TaskStatus | undefined> =>
  (await tasks.get([id]))[0]?.status;

export const statusesOf = async ({ tasks }: Tables, ids: readonly TaskId[]) =>
  (await tasks.get(ids)).map(({ status }) => status);

const T = TaskStatus;
const RECORDS = [COMPLETED, FAILED, CANCELLED, RETRIED, TIMED_OUT];

/** Statuses that a task can be seen in; CANCELLING is never written. */
export const SEEN_STATUSES = [
  ...[T.PENDING, T.PAUSED, T.SUBMITTED, T.DISPATCHED, T.PROCESSING, T.PROCESSED],
  ...RECORDS.map(({ outcome }) => STATUS_OF_OUTCOME[outcome]),
];

/** Creates the task and brings it to the status. */
export async function bringTo(
  tables: Tables,
  task: TaskDefinition,
  status: TaskStatus,
): Promise<void> {
  const record = RECORDS.find(({ outcome }) => STATUS_OF_OUTCOME[outcome] === status);
  if (record) await finished(tables, [task], record);
  else if (status === T.PENDING) await pending(tables, [task]);
  else if (status === T.PAUSED) await tables.tasks.pause(await pending(tables, [task]));
  else if (status === T.SUBMITTED) await submitted(tables, [task]);
  else if (status === T.DISPATCHED) await acquired(tables, [task]);
  else if (status === T.PROCESSING) await running(tables, [task]);
  else if (status === T.PROCESSED) await decided(tables, [task]);
  else throw new Error(`no way to ${status}`);
}
