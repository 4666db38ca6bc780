// The control plane as a process.
import { randomFillSync } from "node:crypto";
import type { TableStorage } from "../adaptors/table-storage.ts";
import type { Config } from "../config/index.ts";
import { createIdSource } from "../domain/id-source.ts";
import { openServer } from "../grpc/server.ts";
import { createAnnouncer } from "../lifecycle/announcer.ts";
import { withDirectControl } from "../lifecycle/direct-control.ts";
import { openCreator } from "../submitter/creator.ts";
import type { Grid } from "../submitter/grid.ts";
import { toChecks } from "../submitter/health-checks.ts";
import { toServices } from "../submitter/services.ts";
import { openHealth } from "../telemetry/health.ts";
import { openHttpServer } from "../telemetry/http.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { connectTemporal } from "../temporal/connect.ts";
import { createSessionWorkflows } from "../temporal/session-workflows.ts";
import { stopSignal } from "./stop-signal.ts";
import { openStores } from "./stores.ts";
import { VERSIONS } from "./versions.ts";

/** The configured partitions, and the default one unless somebody described it already. */
async function addPartitions({ partitions }: TableStorage, config: Config): Promise<void> {
  await partitions.upsert(config.initServices.partitioning.partitions);
  const { defaultPartition: partitionId } = config.submitter;
  const [known] = await partitions.get([partitionId]);
  if (known) return;
  const nothing = { parentPartitionIds: [], podConfiguration: {}, preemptionPercentage: 0 };
  await partitions.upsert([{ partitionId, podReserved: 0, podMax: 0, priority: 0, ...nothing }]);
}

interface Dependencies {
  readonly stack: AsyncDisposableStack;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly stopped: Promise<unknown>;
}

async function openGrid(config: Config, dependencies: Dependencies): Promise<Grid | undefined> {
  const { stack, metrics, log } = dependencies;
  const stores = await openStores(config, stack);
  const { tables } = stores;
  await addPartitions(tables, config);
  const temporal = await connectTemporal(config.temporal, dependencies);
  if (!temporal) return undefined;
  const { window, leaseMs } = stores.scheduling;
  const options = { window, leaseMs, sessions: tables.sessions };
  const started = createSessionWorkflows(temporal.client, options);
  const workflows = withDirectControl(started, stores);
  const announcer = stack.use(createAnnouncer({ tables, workflows, log }));
  const creator = stack.use(await openCreator({ stores, log }));
  const health = stack.use(openHealth({ checks: toChecks(stores), log }));
  const { defaultPartition, preferredMessageSizeBytes } = config.submitter;
  return {
    ...{ stores, workflows, announcer, creator, health, metrics },
    newId: createIdSource({ now: Date.now, randomize: randomFillSync }),
    settings: {
      defaultPartition,
      dataChunkMaxBytes: preferredMessageSizeBytes,
      versions: VERSIONS,
    },
  };
}

/** Serves until the process is told to stop, then lets running calls finish. */
export async function runSubmitter(config: Config): Promise<void> {
  const log = createLogger({ level: config.log.level, role: "submitter" });
  await using stack = new AsyncDisposableStack();
  const stopped = stopSignal();
  const metrics = createMetrics();
  const grid = await openGrid(config, { stack, metrics, log, stopped });
  if (!grid) return;
  const { health } = grid;
  const { host, port, httpPort, graceDelayMs } = config.submitter;
  const { registry, rpc } = metrics;
  const setting = "Submitter__HttpPort";
  stack.use(await openHttpServer({ host, port: httpPort, setting, health, registry, log }));
  const server = await openServer({
    address: { host, port },
    setting: "Submitter__Port",
    services: toServices(grid),
    ...{ log, metrics: rpc, graceDelayMs },
  });
  stack.use(server);
  log.info({ signal: await stopped }, "stopping");
  health.drain();
  await server.drain();
}
