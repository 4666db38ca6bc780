/** An orchestrator in the test's own process, on real stores and a real Temporal server. */
import { randomUUID } from "node:crypto";
import { createActivities } from "../../src/activities/index.ts";
import { cut } from "../../src/domain/batch.ts";
import { batchId, type SessionId, type TaskId } from "../../src/domain/ids.ts";
import { DEFAULT_SCHEDULING } from "../../src/domain/scheduling.ts";
import type { Session } from "../../src/domain/session.ts";
import type { TaskDefinition } from "../../src/domain/task.ts";
import { admit } from "../../src/lifecycle/admit.ts";
import { type Announcer, createAnnouncer } from "../../src/lifecycle/announcer.ts";
import { withDirectControl } from "../../src/lifecycle/direct-control.ts";
import { refuse } from "../../src/lifecycle/roll-forward.ts";
import type { SessionWorkflows } from "../../src/lifecycle/session-workflows.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { createMaintenance } from "../../src/orchestrator/maintenance/maintenance.ts";
import { createLiveness } from "../../src/orchestrator/recovery/liveness.ts";
import { createWorkflowRevival } from "../../src/orchestrator/recovery/revive-workflows.ts";
import { createSupervisor } from "../../src/orchestrator/supervision/supervisor.ts";
import { createWatch } from "../../src/orchestrator/supervision/watch.ts";
import { openTemporalWorkers } from "../../src/orchestrator/temporal-workers.ts";
import { workflowBundle } from "../../src/orchestrator/workflow-bundle.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createSessionWorkflows } from "../../src/temporal/session-workflows.ts";
import type { SessionState } from "../../src/workflows/contracts.ts";
import { sessionQuery, sessionWorkflowId } from "../../src/workflows/contracts.ts";
import type { TestStores } from "./stores.ts";
import type { TestTemporal } from "./temporal-server.ts";

const log = createLogger({ level: "silent", role: "test" });

export interface Orchestration extends AsyncDisposable {
  readonly workflows: SessionWorkflows;
  readonly announcer: Announcer;
}

export interface OrchestrationOptions {
  readonly leaseMs?: number;
  readonly window?: number;
  readonly republishAfterMs?: number;
  readonly parkAfterMs?: number;
}

export async function openOrchestration(
  stores: Stores,
  temporal: TestTemporal,
  options: OrchestrationOptions = {},
): Promise<Orchestration> {
  const { leaseMs = 60_000, window = 64, republishAfterMs = 500, parkAfterMs = 10_000 } = options;
  await using stack = new AsyncDisposableStack();
  const { tables } = stores;
  const { connection, namespace, client } = temporal;
  const watch = stack.use(createWatch({ tables, log }));
  stack.use(createSupervisor({ stores, watch, log }, { republishAfterMs, parkAfterMs }));
  stack.use(createLiveness({ stores, log }, { leaseMs }));
  stack.use(
    await openTemporalWorkers({
      activities: createActivities({ stores, watch }),
      bundle: await workflowBundle(),
      ...{ connection, namespace, graceDelayMs: 500 },
    }),
  );
  const started = createSessionWorkflows(client, { window, leaseMs, sessions: tables.sessions });
  const workflows = withDirectControl(started, stores);
  const announcer = stack.use(createAnnouncer({ tables, workflows, log }));
  const revival = createWorkflowRevival({ client, tables, workflows, log });
  stack.use(createMaintenance({ stores, workflows, announcer, revival, log }, { sweepMs: 200 }));
  const opened = stack.move();
  return { workflows, announcer, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** A session with its workflow. */
export async function startSession(
  stores: TestStores,
  { workflows }: Pick<Orchestration, "workflows">,
): Promise<SessionId> {
  const id = await stores.newSession();
  await workflows.start((await stores.tables.sessions.get(id)) as Session);
  return id;
}

/** What SubmitTasks does: stores tasks and their batches, and accepts them. Announces nothing. */
export async function submit(
  stores: TestStores,
  sessionId: SessionId,
  changes: readonly Partial<TaskDefinition>[],
  soFar = 0,
): Promise<TaskId[]> {
  const tasks: TaskDefinition[] = [];
  const payloadId = await stores.newResult(sessionId, { status: 2 });
  const batches = cut(soFar, changes.length, DEFAULT_SCHEDULING.singleTasks).map((size) => {
    const id = batchId(randomUUID());
    const from = tasks.length;
    for (const change of changes.slice(from, from + size)) {
      tasks.push(stores.newTask(sessionId, { batchId: id, payloadId, ...change }));
    }
    const name = size === 1 ? tasks[from]?.taskId : undefined;
    return { batchId: id, sessionId, name };
  });
  await stores.tables.tasks.create(tasks);
  await refuse(stores, await admit(stores, { sessionId, tasks, batches }));
  return tasks.map(({ taskId }) => taskId);
}

export const times = <T>(count: number, value: T): T[] =>
  Array.from({ length: count }, () => value);

const handleOf = ({ client }: TestTemporal, id: SessionId) =>
  client.workflow.getHandle(sessionWorkflowId(id));

export const stateOf = (temporal: TestTemporal, id: SessionId): Promise<SessionState> =>
  handleOf(temporal, id).query(sessionQuery);

/** What the Temporal UI shows of the session's activities: id, summary and how they ended. */
export async function activitiesOf(temporal: TestTemporal, id: SessionId) {
  const { events } = await handleOf(temporal, id).fetchHistory();
  const ended = new Map(
    (events ?? []).flatMap((event) => {
      const failed = event.activityTaskFailedEventAttributes;
      const done = event.activityTaskCompletedEventAttributes;
      const scheduled = (failed ?? done)?.scheduledEventId;
      return scheduled ? [[`${scheduled}`, failed ? failed.failure?.message : "ok"] as const] : [];
    }),
  );
  return (events ?? []).flatMap((event) => {
    const { activityId } = event.activityTaskScheduledEventAttributes ?? {};
    const data = event.userMetadata?.summary?.data;
    const summary = data ? JSON.parse(Buffer.from(data).toString()) : undefined;
    return activityId ? [{ activityId, summary, end: ended.get(`${event.eventId}`) }] : [];
  });
}

export async function eventCount(temporal: TestTemporal, id: SessionId): Promise<number> {
  const { historyLength } = await handleOf(temporal, id).describe();
  return historyLength;
}

export async function signalCount(temporal: TestTemporal, id: SessionId): Promise<number> {
  const { events } = await handleOf(temporal, id).fetchHistory();
  return (events ?? []).filter((one) => one.workflowExecutionSignaledEventAttributes).length;
}
