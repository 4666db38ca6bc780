/** What the stores have on record about the load of a session, beside what clients are told. */
import { expect, vi } from "vitest";
import { openObjectStorage } from "../../src/adaptors/object-storage.ts";
import { openQueue } from "../../src/adaptors/queue.ts";
import {
  type Change,
  openTableStorage,
  type TableStorage,
} from "../../src/adaptors/table-storage.ts";
import { partitionId, type SessionId } from "../../src/domain/ids.ts";
import type { Result } from "../../src/domain/result.ts";
import { FINAL_TASK_STATUSES, ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import type { Task } from "../../src/domain/task.ts";

const PARTITION = partitionId("default");
const INLINE_BYTES = 64 * 1024;

export interface Evidence extends AsyncDisposable {
  /** Waits until every task is final and nothing waits in the queue. */
  settled(): Promise<void>;
  tasks(): Promise<readonly Task[]>;
  /** Named `output 0`, `output 1`, … with what is stored for them. */
  outputs(): Promise<readonly { result: Result; data: string }[]>;
  /** How often since the opening a task or result was told to have become final, by its id. */
  endings(): ReadonlyMap<string, number>;
}

const ofSession = (session: SessionId) =>
  [[{ kind: "string", field: "sessionId", operator: "equal", value: session }]] as const;

/** Opens before the load is submitted: from then on it hears of every change. */
export async function openEvidence(path: string, session: SessionId): Promise<Evidence> {
  const stack = new AsyncDisposableStack();
  const embedded = { driver: "embedded", path } as const;
  const tables = stack.use(await openTableStorage(embedded));
  const queue = stack.use(await openQueue(embedded));
  const objects = stack.use(await openObjectStorage({ ...embedded, inlineBytes: INLINE_BYTES }));
  const endings = await listen(tables, session, stack);
  const filter = ofSession(session);

  const tasks = async (): Promise<readonly Task[]> => {
    const sort = [{ field: "taskId", descending: false }] as const;
    return (await tables.tasks.list({ filter, sort, page: 0, pageSize: 10_000 })).rows;
  };

  return {
    tasks,
    endings,
    async settled() {
      await vi.waitFor(
        async () => {
          const counts = await tables.tasks.countByStatus(filter);
          expect(counts.filter(({ status }) => !FINAL_TASK_STATUSES.includes(status))).toEqual([]);
          expect(await queue.depth(PARTITION)).toEqual({ waiting: 0 });
        },
        { timeout: 90_000, interval: 100 },
      );
    },
    async outputs() {
      const sort = [{ field: "name", descending: false }] as const;
      const { rows } = await tables.results.list({ filter, sort, page: 0, pageSize: 10_000 });
      const results = rows.filter(({ name }) => name.startsWith("output "));
      const ids = results.flatMap(({ objectId }) => objectId || []);
      const blobs = await objects.getMany(ids, INLINE_BYTES);
      const data = new Map(ids.map((id, i) => [id, Buffer.from(blobs[i] ?? []).toString()]));
      return results.map((result) => ({
        result,
        data: (result.objectId && data.get(result.objectId)) || "",
      }));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function listen(tables: TableStorage, session: SessionId, stack: AsyncDisposableStack) {
  const stop = new AbortController();
  const feed = await tables.feed.open(session, stop.signal);
  const counts = new Map<string, number>();
  const listening = (async () => {
    for await (const changes of feed)
      for (const change of changes) {
        const id = finalOf(change);
        if (id) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
  })();
  listening.catch(() => undefined); // reported at the end
  stack.defer(async () => {
    stop.abort();
    await listening;
  });
  return () => counts;
}

function finalOf(change: Change): string | undefined {
  if (change.kind === "taskStatus" || change.kind === "newTask")
    return FINAL_TASK_STATUSES.includes(change.status) ? change.taskId : undefined;
  if (change.kind !== "resultStatus") return undefined;
  return change.status === ResultStatus.CREATED ? undefined : change.resultId;
}

/**
 * Each task was committed by one attempt alone: of a task and its retries exactly one completed,
 * it owns the output, what it committed is the output's data, and that is what it should be. There
 * are no other tasks than there should be, and nobody was told of a second ending of anything.
 *
 * @param expected.outputs what `output 0`, `output 1`, … should hold, of a task each.
 * @param expected.tasks how many there should be with their subtasks, retries not counted.
 */
export async function expectCommittedOnce(
  evidence: Evidence,
  expected: { readonly outputs: readonly string[]; readonly tasks: number },
): Promise<void> {
  const tasks = await evidence.tasks();
  const chains = [...Map.groupBy(tasks, ({ initialTaskId }) => initialTaskId).values()];
  const committed = new Map(chains.map(committedOf).map((task) => [task.taskId, task]));
  expect(committed.size).toBe(expected.tasks);
  const outputs = await evidence.outputs();
  const byName = new Map(outputs.map(({ result, data }) => [result.name, data]));
  const data = expected.outputs.map((_, i) => byName.get(`output ${i}`));
  expect(data).toEqual(expected.outputs);
  const made = outputs.map(({ result: { resultId, objectId, ownerTaskId, status, size } }) => {
    expect(status).toBe(ResultStatus.COMPLETED);
    const commit = ownerTaskId === "" ? undefined : committed.get(ownerTaskId)?.commit;
    expect(commit).toMatchObject({ results: [{ resultId, objectId, size }], staged: false });
    return ownerTaskId;
  });
  expect(new Set(made).size).toBe(expected.outputs.length);
  const final = [...tasks.map(({ taskId }) => taskId), ...outputs.map((o) => o.result.resultId)];
  const told = evidence.endings();
  await vi.waitFor(() => expect(final.filter((id) => !told.has(id))).toEqual([]), 10_000);
  expect([...told].filter(([, times]) => times !== 1)).toEqual([]);
}

/** The completed task of a chain of attempts, of which all others were retried, each by the next. */
function committedOf(chain: readonly Task[]): Task {
  const attempts = chain.toSorted((a, b) => a.retryOfIds.length - b.retryOfIds.length);
  const last = attempts.at(-1);
  if (!last) throw new Error("a group of tasks is never empty");
  const { initialTaskId: id } = last;
  expect(attempts.map(({ taskId, status }) => [taskId, status])).toEqual(
    attempts.map((task, n) => [
      n === 0 ? id : `${id}###${n}`,
      task === last ? TaskStatus.COMPLETED : TaskStatus.RETRIED,
    ]),
  );
  return last;
}
