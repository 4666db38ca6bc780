// The documents that the cut verbs work on. Their ids follow from the session's, so that what
// became of two sessions can be compared.
import {
  agentId,
  batchId,
  partitionId,
  resultId,
  type SessionId,
  stageOf,
  taskId,
} from "../../../../src/domain/ids.ts";
import { batchIn, idsOf, partitionRow, resultIn, taskIn } from "../../../support/rows.ts";

const NUMBERS = [1, 2, 3, 4];

export type Cast = ReturnType<typeof castOf>;

export function castOf(session: SessionId) {
  const id = (what: string, n = 0): string => `${what} ${n} of ${session}`;
  const outputs = NUMBERS.map((n) => resultIn(session, { resultId: resultId(id("output", n)) }));
  const tasks = NUMBERS.map((n) =>
    taskIn(session, {
      taskId: taskId(id("task", n)),
      batchId: batchId(id("batch", 1)),
      payloadId: resultId(id("payload")),
      expectedOutputIds: [resultId(id("output", n))],
    }),
  );
  return {
    session,
    tasks,
    taskIds: idsOf(tasks),
    outputs,
    resultIds: [resultId(id("payload")), ...outputs.map((row) => row.resultId)],
    /** The tasks are stored in it, so that those that are CREATING can be seen. */
    stage: stageOf(taskId(id("task", 0)), 1),
    /** Half of the outputs are staged in each. */
    stages: [1, 2].map((attempt) => stageOf(taskId(id("parent")), attempt)),
    batches: NUMBERS.map((n) =>
      batchIn(session, { batchId: batchId(id("batch", n)), name: id("name", n) }),
    ),
    partitions: NUMBERS.map((n) => partitionRow({ partitionId: partitionId(id("partition", n)) })),
    owner: { agentId: agentId(id("agent", 1)), hostname: "host" },
    rival: { agentId: agentId(id("agent", 2)), hostname: "host" },
  };
}
