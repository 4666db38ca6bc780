import { OPTIONS, type OpenGrid } from "../open-grid.ts";
import { type Case, type Ids, refuses, UNKNOWN } from "./refuses.ts";

const submitOne = (grid: OpenGrid, { session, payload }: Ids, creation: object) =>
  grid.tasks.submitTasks({
    sessionId: session,
    taskCreations: [{ payloadId: payload }, { payloadId: payload, ...creation }],
  });

const SUBMISSIONS: Case[] = [
  [
    "no task",
    (g, { session }) => g.tasks.submitTasks({ sessionId: session }),
    "INVALID_ARGUMENT",
    /task_creations: is empty/,
  ],
  [
    "unknown session",
    (g) => g.tasks.submitTasks({ sessionId: UNKNOWN, taskCreations: [{}] }),
    "NOT_FOUND",
    /Session was not found/,
  ],
  [
    "no payload",
    (g, ids) => submitOne(g, ids, { payloadId: "" }),
    "INVALID_ARGUMENT",
    /task_creations\[1\].payload_id: is empty/,
  ],
  [
    "unknown payload",
    (g, ids) => submitOne(g, ids, { payloadId: UNKNOWN }),
    "NOT_FOUND",
    /Result was not found: task_creations\[1\].payload_id/,
  ],
  [
    "payload of another session",
    (g, ids) => submitOne(g, ids, { payloadId: ids.foreign }),
    "NOT_FOUND",
    /task_creations\[1\].payload_id/,
  ],
  [
    "unknown dependency",
    (g, ids) => submitOne(g, ids, { dataDependencies: [ids.output, UNKNOWN] }),
    "NOT_FOUND",
    /task_creations\[1\].data_dependencies\[1\]/,
  ],
  [
    "aborted dependency",
    (g, ids) => submitOne(g, ids, { dataDependencies: [ids.aborted] }),
    "FAILED_PRECONDITION",
    /Result status is invalid: task_creations\[1\].data_dependencies\[0\].*has status 3/,
  ],
  [
    "aborted output",
    (g, ids) => submitOne(g, ids, { expectedOutputKeys: [ids.aborted] }),
    "FAILED_PRECONDITION",
    /task_creations\[1\].expected_output_keys\[0\].*has status 3/,
  ],
  [
    "completed output",
    (g, ids) => submitOne(g, ids, { expectedOutputKeys: [ids.payload] }),
    "FAILED_PRECONDITION",
    /expected_output_keys\[0\].*has status 2; an output must be created/,
  ],
  [
    "unknown output",
    (g, ids) => submitOne(g, ids, { expectedOutputKeys: [UNKNOWN] }),
    "NOT_FOUND",
    /expected_output_keys\[0\]/,
  ],
  [
    "output of another session",
    (g, ids) => submitOne(g, ids, { expectedOutputKeys: [ids.foreign] }),
    "NOT_FOUND",
    /expected_output_keys\[0\]/,
  ],
  [
    "dependency on its own output",
    (g, ids) =>
      submitOne(g, ids, { dataDependencies: [ids.output], expectedOutputKeys: [ids.output] }),
    "INVALID_ARGUMENT",
    /task_creations\[1\].data_dependencies\[0\]: is one of the task's own outputs/,
  ],
  [
    "payload that is its own output",
    (g, ids) => submitOne(g, ids, { payloadId: ids.output, expectedOutputKeys: [ids.output] }),
    "INVALID_ARGUMENT",
    /task_creations\[1\].payload_id: is one of/,
  ],
  [
    "partition of no session",
    (g, ids) => submitOne(g, ids, { taskOptions: { ...OPTIONS, partitionId: "other" } }),
    "FAILED_PRECONDITION",
    /task_creations\[1\].task_options.partition_id: is "other"/,
  ],
  [
    "priority 100",
    (g, ids) => submitOne(g, ids, { taskOptions: { ...OPTIONS, priority: 100 } }),
    "INVALID_ARGUMENT",
    /task_creations\[1\].task_options.priority: is 100/,
  ],
  [
    "negative retries",
    (g, ids) => submitOne(g, ids, { taskOptions: { ...OPTIONS, maxRetries: -1 } }),
    "INVALID_ARGUMENT",
    /task_options.max_retries: is -1/,
  ],
  [
    "bad options of the request",
    (g, { session, payload }) =>
      g.tasks.submitTasks({
        sessionId: session,
        taskOptions: { ...OPTIONS, priority: -1 },
        taskCreations: [{ payloadId: payload }],
      }),
    "INVALID_ARGUMENT",
    /Invalid argument: task_options.priority: is -1/,
  ],
  [
    "unknown task",
    (g) => g.tasks.getTask({ taskId: UNKNOWN }),
    "NOT_FOUND",
    /Task was not found: 1111/,
  ],
  ["no task id", (g) => g.tasks.getTask({}), "NOT_FOUND", /Task was not found: task_id is empty/],
];

refuses("bad input about tasks", SUBMISSIONS);
