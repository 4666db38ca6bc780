// The whole life of a group of tasks, in repeatable steps: what the crash tests interrupt.
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import {
  type AgentId,
  agentId,
  batchId,
  objectId,
  resultId,
  type SessionId,
  taskId,
} from "../../../src/domain/ids.ts";
import { TaskStatus } from "../../../src/domain/status.ts";
import type { CommitRecord, Task, TaskDefinition } from "../../../src/domain/task.ts";
import { idsOf, resultIn, taskIn } from "../../support/rows.ts";

export const GROUP = 40;

export const writerOf = (session: SessionId): AgentId => agentId(`writer of ${session}`);

/** Deterministic, so that another process can repeat it. */
export function groupOf(session: SessionId, group: number) {
  const id = batchId(`${session} ${group}`);
  const numbers = Array.from({ length: GROUP }, (_, i) => `${group}-${i} of ${session}`);
  return {
    batch: { batchId: id, sessionId: session },
    results: numbers.map((n) => resultIn(session, { resultId: resultId(`output ${n}`) })),
    tasks: numbers.map((n) =>
      taskIn(session, {
        taskId: taskId(`task ${n}`),
        batchId: id,
        payloadId: resultId(`payload ${n}`),
        expectedOutputIds: [resultId(`output ${n}`)],
      }),
    ),
  };
}

const recordOf = ({ expectedOutputIds }: TaskDefinition): CommitRecord => ({
  outcome: "completed",
  staged: false,
  results: expectedOutputIds.map((id) => ({
    resultId: id,
    objectId: objectId(`object of ${id}`),
    size: 1,
  })),
});

const from = [TaskStatus.PROCESSING];

/** From nothing, or from wherever an earlier run stopped, to the end. */
export async function runGroup(
  { tasks, results, dependencies, batches }: TableStorage,
  session: SessionId,
  group: number,
  step: () => void = () => {},
): Promise<void> {
  const { batch, results: outputs, tasks: definitions } = groupOf(session, group);
  const ids = idsOf(definitions);
  const payloads = definitions.map(({ payloadId }) => payloadId);
  const held = async (status: TaskStatus): Promise<Task[]> =>
    (await tasks.get(ids)).filter((task) => task.status === status);
  const steps: (() => Promise<unknown>)[] = [
    () => results.create(outputs),
    () => tasks.create(definitions),
    () =>
      results.claim(
        definitions.flatMap((task) =>
          task.expectedOutputIds.map((id) => ({ resultId: id, taskId: task.taskId })),
        ),
      ),
    () =>
      dependencies.add(
        definitions.map((task) => ({ taskId: task.taskId, resultIds: [task.payloadId] })),
      ),
    () => batches.add([batch]),
    () => tasks.accept(ids),
    async () => tasks.submit(await dependencies.close(payloads), 2),
    () => tasks.acquire(ids, { agentId: writerOf(session), hostname: "host" }, 3),
    async () =>
      tasks.start(
        (await held(TaskStatus.DISPATCHED)).map((t) => ({ ...t, fetchedAt: 4, startedAt: 5 })),
      ),
    async () =>
      tasks.decide(
        (await held(TaskStatus.PROCESSING)).map((t) => ({ ...t, from, record: recordOf(t) })),
        6,
      ),
    async () =>
      results.complete(
        definitions.flatMap((task) => {
          const record = recordOf(task);
          return record.outcome === "completed" ? record.results : [];
        }),
        7,
      ),
    () => tasks.finish(ids, 8),
  ];
  for (const run of steps) {
    await run();
    step();
  }
}

/** What an agent that died held goes back; what it had decided stays, to be finished. */
export async function recover({ tasks }: TableStorage, agent: AgentId): Promise<void> {
  await tasks.release(await tasks.ownedBy(agent), 9);
}
