import { FINAL_TASK_STATUSES, ResultStatus, TaskStatus } from "../../../domain/status.ts";

/*
 * Ids are random or time-ordered text. Rows live in rowid order, so that tasks stored together lie
 * together; each index costs every task a microsecond, so there are as few as the verbs allow:
 *
 *   - tasks of a session are found through `task_batches`, whose row is written before a batch's
 *     first task, and the index on batches;
 *   - `holder` repeats `owner` while an agent holds the task and is NULL otherwise, so that its
 *     index is touched twice in a task's life and not at each status; so is that of the tasks
 *     that wait for an agent, the one index for all questions about these (waiting.ts).
 *   - three are for lists that people look at (list-sources.ts): by creation, in all and in a session,
 *     written once, and by the end, written once, too. They cost a task 3 µs in all; without them
 *     a page of a million tasks is a second in which the process does nothing else.
 *
 * An index that names a column which a statement sets is written by it, whatever the value: so the
 * index of counts does not name the count, and rows that came to 0 are swept (sweep.ts).
 *
 * A task that has expired is CREATING until its row is removed (OR4); its `attempt` is -1, and it has
 * ended.
 *
 * `since` says since when a task has had its status, by the store's clock (clock.ts). Times that
 * are only shown (created_at, submitted_at, ended_at…) are their writers' own.
 */
const TASKS = `
CREATE TABLE IF NOT EXISTS tasks (
  n INTEGER PRIMARY KEY,
  task_id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  since INTEGER NOT NULL,
  partition_id TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  owner TEXT NOT NULL DEFAULT '',
  hostname TEXT NOT NULL DEFAULT '',
  holder TEXT,
  stage TEXT,
  creator TEXT,
  priority INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  submitted_at INTEGER,
  received_at INTEGER,
  acquired_at INTEGER,
  fetched_at INTEGER,
  started_at INTEGER,
  processed_at INTEGER,
  ended_at INTEGER,
  ends_in INTEGER,
  decided_by INTEGER,
  record TEXT,
  interruptions INTEGER,
  options TEXT NOT NULL,
  definition TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_batch ON tasks (batch_id, ended_at);
CREATE INDEX IF NOT EXISTS tasks_created ON tasks (created_at, task_id);
CREATE INDEX IF NOT EXISTS tasks_session ON tasks (session_id, created_at, task_id);
CREATE INDEX IF NOT EXISTS tasks_ended ON tasks (ends_in, session_id, ended_at)
  WHERE ended_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_holder ON tasks (holder) WHERE holder IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_stage ON tasks (stage, task_id) WHERE stage IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_creating ON tasks (since)
  WHERE status = ${TaskStatus.CREATING} AND ended_at IS NULL;
CREATE INDEX IF NOT EXISTS tasks_expired ON tasks (since)
  WHERE status = ${TaskStatus.CREATING} AND ended_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_waiting ON tasks (partition_id, session_id, since)
  WHERE status = ${TaskStatus.SUBMITTED};

CREATE TABLE IF NOT EXISTS task_batches (
  session_id TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  PRIMARY KEY (session_id, batch_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS applications (
  name TEXT NOT NULL,
  namespace TEXT NOT NULL,
  version TEXT NOT NULL,
  service TEXT NOT NULL,
  session_id TEXT NOT NULL,
  PRIMARY KEY (name, namespace, version, service, session_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS task_counts (
  session_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  partition_id TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (session_id, status, partition_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS task_counts_open ON task_counts (partition_id, status)
  WHERE status NOT IN (${FINAL_TASK_STATUSES});

CREATE TABLE IF NOT EXISTS progress (
  session_id TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  open INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  completed INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  PRIMARY KEY (session_id, batch_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS edges (
  result_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  open INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (result_id, task_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS edges_open ON edges (task_id) WHERE open = 1;
`;

const RESULTS = `
CREATE TABLE IF NOT EXISTS results (
  n INTEGER PRIMARY KEY,
  result_id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL,
  name TEXT NOT NULL,
  created_by TEXT NOT NULL,
  owner TEXT NOT NULL,
  status INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  completed_at INTEGER,
  size INTEGER NOT NULL,
  object_id TEXT NOT NULL,
  manual_deletion INTEGER NOT NULL,
  stage TEXT,
  publish_as INTEGER
);
CREATE INDEX IF NOT EXISTS results_session ON results (session_id);
CREATE INDEX IF NOT EXISTS results_stage ON results (stage) WHERE stage IS NOT NULL;
CREATE INDEX IF NOT EXISTS results_unowned ON results (session_id)
  WHERE owner = '' AND status = ${ResultStatus.CREATED};
`;

const SESSIONS = `
CREATE TABLE IF NOT EXISTS sessions (
  session_id TEXT PRIMARY KEY,
  status INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_created ON sessions (created_at);

CREATE TABLE IF NOT EXISTS partitions (
  partition_id TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS users (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS roles (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS user_certificates (
  common_name TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  user_name TEXT NOT NULL,
  PRIMARY KEY (common_name, fingerprint)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS settings (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS agents (
  agent_id TEXT PRIMARY KEY,
  partition_id TEXT NOT NULL,
  hostname TEXT NOT NULL,
  process TEXT,
  heartbeats INTEGER NOT NULL,
  held INTEGER NOT NULL,
  idle_ms INTEGER NOT NULL,
  checks_requested INTEGER NOT NULL,
  checks_done INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS leases (
  holder TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS probes (
  n INTEGER PRIMARY KEY,
  count INTEGER NOT NULL
);
INSERT INTO probes (n, count) VALUES (1, 0) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS batches (
  session_id TEXT NOT NULL,
  batch INTEGER NOT NULL,
  batch_id TEXT NOT NULL UNIQUE,
  name TEXT,
  linger_ms INTEGER,
  closed INTEGER NOT NULL DEFAULT 0,
  parked INTEGER NOT NULL DEFAULT 0,
  announced INTEGER NOT NULL DEFAULT 0,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (session_id, batch)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS batches_waiting ON batches (session_id, batch) WHERE parked > 0;
CREATE INDEX IF NOT EXISTS batches_unannounced ON batches (session_id, batch)
  WHERE announced = 0;
`;

// AUTOINCREMENT: a number is never used again, so that a gap means entries that were swept.
const CHANGES = `
CREATE TABLE IF NOT EXISTS changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL,
  written_at INTEGER NOT NULL,
  body TEXT NOT NULL
);
`;

/** Each visible change has an entry in the feed, whose youngest stays (sweep.ts). */
export const LATEST_TIME = `SELECT max(time) FROM (
  SELECT (SELECT written_at FROM changes ORDER BY seq DESC LIMIT 1) AS time
  UNION ALL SELECT max(since) FROM tasks
    WHERE status = ${TaskStatus.CREATING} AND ended_at IS NULL)`;

export const SCHEMA = `${TASKS}${RESULTS}${SESSIONS}${CHANGES}`;
