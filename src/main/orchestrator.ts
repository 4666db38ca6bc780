// The process that runs session workflows and their activities.
import { createActivities } from "../activities/index.ts";
import type { Config } from "../config/index.ts";
import { createAnnouncer } from "../lifecycle/announcer.ts";
import { withDirectControl } from "../lifecycle/direct-control.ts";
import type { Stores } from "../lifecycle/stores.ts";
import { createMaintenance } from "../orchestrator/maintenance/maintenance.ts";
import { createLiveness } from "../orchestrator/recovery/liveness.ts";
import { createWorkflowRevival } from "../orchestrator/recovery/revive-workflows.ts";
import { createSupervisor } from "../orchestrator/supervision/supervisor.ts";
import { createWatch } from "../orchestrator/supervision/watch.ts";
import { openTemporalWorkers } from "../orchestrator/temporal-workers.ts";
import { workflowBundle } from "../orchestrator/workflow-bundle.ts";
import { openHealth } from "../telemetry/health.ts";
import { openHttpServer } from "../telemetry/http.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { connectTemporal } from "../temporal/connect.ts";
import { installTemporalRuntime } from "../temporal/runtime.ts";
import { createSessionWorkflows } from "../temporal/session-workflows.ts";
import { stopSignal } from "./stop-signal.ts";
import { openStores } from "./stores.ts";

interface Dependencies {
  readonly stack: AsyncDisposableStack;
  readonly log: Logger;
}

/** What watches over tasks: each keeps going by itself until it is disposed. */
function openSupervision(stores: Stores, { stack, log }: Dependencies) {
  const { tables, scheduling } = stores;
  const { republishAfterMs, leaseMs } = scheduling;
  const watch = stack.use(createWatch({ tables, log }));
  stack.use(createSupervisor({ stores, watch, log }, { republishAfterMs }));
  stack.use(createLiveness({ stores, log }, { leaseMs }));
  return watch;
}

/** Runs until the process is told to stop, then hands its watches over. */
export async function runOrchestrator(config: Config): Promise<void> {
  const log = createLogger({ level: config.log.level, role: "orchestrator" });
  await using stack = new AsyncDisposableStack();
  const stopped = stopSignal();
  const bundling = workflowBundle();
  // Awaited below; meanwhile its failure is nobody's unhandled rejection.
  bundling.catch(() => {});
  const stores = await openStores(config, stack);
  // Once installed it keeps the process alive: not before a refusal to start.
  installTemporalRuntime(log);
  const temporal = await connectTemporal(config.temporal, { stack, log, stopped });
  if (!temporal) return;
  const { host, httpPort, sweepMs, graceDelayMs } = config.orchestrator;
  const watch = openSupervision(stores, { stack, log });
  const { connection, namespace, client } = temporal;
  const workers = stack.use(
    await openTemporalWorkers({
      activities: createActivities({ stores, watch }),
      bundle: await bundling,
      ...{ connection, namespace, graceDelayMs },
    }),
  );
  const { tables, scheduling } = stores;
  const { window, leaseMs } = scheduling;
  const started = createSessionWorkflows(client, { window, leaseMs, sessions: tables.sessions });
  const workflows = withDirectControl(started, stores);
  const announcer = stack.use(createAnnouncer({ tables, workflows, log }));
  const revival = createWorkflowRevival({ client, tables, workflows, log });
  stack.use(createMaintenance({ stores, workflows, announcer, revival, log }, { sweepMs }));

  const checks = {
    database: () => stores.tables.ping(),
    object: () => stores.objects.ping(),
    queue: () => stores.queue.ping(),
    temporal: async () => {
      if (!workers.areRunning) throw new Error("a Temporal worker does not run");
      await connection.workflowService.describeNamespace({ namespace });
    },
  };
  const health = stack.use(openHealth({ checks, log }));
  const { registry } = createMetrics();
  const setting = "Orchestrator__HttpPort";
  stack.use(await openHttpServer({ host, port: httpPort, setting, health, registry, log }));
  const signal = await Promise.race([stopped, workers.running.then(() => "end of its worker")]);
  log.info({ signal }, "stopping");
  health.drain();
}
