import { OPTIONS, type OpenGrid } from "../open-grid.ts";
import { type Case, refuses, UNKNOWN } from "./refuses.ts";

const create = (grid: OpenGrid, change: object, partitionIds: string[] = []) =>
  grid.sessions.createSession({ defaultTaskOption: { ...OPTIONS, ...change }, partitionIds });

const SESSIONS: Case[] = [
  [
    "no default options",
    (g) => g.sessions.createSession({}),
    "INVALID_ARGUMENT",
    /default_task_option: is missing/,
  ],
  [
    "no max_duration",
    (g) => create(g, { maxDuration: undefined }),
    "INVALID_ARGUMENT",
    /default_task_option.max_duration: is missing/,
  ],
  [
    "negative max_duration",
    (g) => create(g, { maxDuration: { seconds: -1, nanos: 0 } }),
    "INVALID_ARGUMENT",
    /max_duration: is -1000 ms/,
  ],
  [
    "no retries",
    (g) => create(g, { maxRetries: 0 }),
    "INVALID_ARGUMENT",
    /max_retries: is 0; at least 1/,
  ],
  [
    "negative retries",
    (g) => create(g, { maxRetries: -5 }),
    "INVALID_ARGUMENT",
    /max_retries: is -5/,
  ],
  ["priority 0", (g) => create(g, { priority: 0 }), "INVALID_ARGUMENT", /priority: is 0; 1 to 99/],
  ["priority 100", (g) => create(g, { priority: 100 }), "INVALID_ARGUMENT", /priority: is 100/],
  [
    "negative priority",
    (g) => create(g, { priority: -2147483648 }),
    "INVALID_ARGUMENT",
    /priority: is -2147483648/,
  ],
  [
    "unknown partition",
    (g) => create(g, {}, ["default", "nowhere"]),
    "NOT_FOUND",
    /Partition was not found: nowhere/,
  ],
  [
    "unknown partition in the options",
    (g) => create(g, { partitionId: "nowhere" }),
    "NOT_FOUND",
    /Partition was not found: nowhere/,
  ],
  [
    "an empty partition among others",
    (g) => create(g, {}, ["default", ""]),
    "INVALID_ARGUMENT",
    /partition_ids\[1\]: is empty/,
  ],
  [
    "unknown session",
    (g) => g.sessions.getSession({ sessionId: UNKNOWN }),
    "NOT_FOUND",
    /Session was not found: 1111/,
  ],
  [
    "no partition id",
    (g) => g.partitions.getPartition({}),
    "NOT_FOUND",
    /Partition was not found: id is empty/,
  ],
  [
    "no session id",
    (g) => g.sessions.pauseSession({}),
    "NOT_FOUND",
    /Session was not found: session_id is empty/,
  ],
  [
    "cancel of an unknown session",
    (g) => g.sessions.cancelSession({ sessionId: UNKNOWN }),
    "NOT_FOUND",
    /Session was not found/,
  ],
  [
    "stop of an unknown session",
    (g) => g.sessions.stopSubmission({ sessionId: UNKNOWN, client: true }),
    "NOT_FOUND",
    /Session was not found/,
  ],
];

refuses("bad input about sessions", SESSIONS);
