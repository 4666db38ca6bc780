// A control plane on embedded stores in a folder of its own, and clients for it.

import { randomFillSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { createChannel, createClient } from "nice-grpc";
import { HealthDefinition } from "nice-grpc-server-health";
import { openAllStores } from "../../src/adaptors/stores.ts";
import { createIdSource } from "../../src/domain/id-source.ts";
import { partitionId, type SessionId } from "../../src/domain/ids.ts";
import { DEFAULT_SCHEDULING } from "../../src/domain/scheduling.ts";
import { ApplicationsDefinition } from "../../src/gen/applications_service.ts";
import { AuthenticationDefinition } from "../../src/gen/auth_service.ts";
import { EventsDefinition } from "../../src/gen/events_service.ts";
import { HealthChecksServiceDefinition } from "../../src/gen/health_checks_service.ts";
import { PartitionsDefinition } from "../../src/gen/partitions_service.ts";
import { ResultsDefinition } from "../../src/gen/results_service.ts";
import { SessionsDefinition } from "../../src/gen/sessions_service.ts";
import { SubmitterDefinition } from "../../src/gen/submitter_service.ts";
import { TasksDefinition } from "../../src/gen/tasks_service.ts";
import { VersionsDefinition } from "../../src/gen/versions_service.ts";
import { toTarget } from "../../src/grpc/address.ts";
import { openServer } from "../../src/grpc/server.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { type CreatorOptions, openCreator } from "../../src/submitter/creator.ts";
import type { Grid } from "../../src/submitter/grid.ts";
import { toChecks } from "../../src/submitter/health-checks.ts";
import { toServices } from "../../src/submitter/services.ts";
import { openHealth } from "../../src/telemetry/health.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { standInWorkflows } from "./stand-in-workflows.ts";

export const OTHER_PARTITION = "other";

/** As every SDK sends them: complete. */
export const OPTIONS = {
  options: {},
  maxDuration: { seconds: 300, nanos: 0 },
  maxRetries: 2,
  priority: 1,
  partitionId: "default",
  applicationName: "",
  applicationVersion: "",
  applicationNamespace: "",
  applicationService: "",
  engineType: "",
};

const toPartition = (id: string) => ({
  partitionId: partitionId(id),
  parentPartitionIds: [],
  podReserved: 0,
  podMax: 10,
  preemptionPercentage: 0,
  priority: 1,
  podConfiguration: {},
});

/** The grid's own idea of the time, which a test may move on. */
function createTime() {
  let aheadMs = 0;
  return {
    now: () => Date.now() + aheadMs,
    forward(ms: number) {
      aheadMs += ms;
    },
  };
}

async function openStoresIn(
  path: string,
  stack: AsyncDisposableStack,
  now: () => number,
): Promise<Stores> {
  const embedded = { driver: "embedded", path } as const;
  const { tables, objects, queue } = stack.use(
    await openAllStores({ tableStorage: embedded, objectStorage: embedded, queue: embedded }),
  );
  await tables.partitions.upsert(["default", OTHER_PARTITION].map(toPartition));
  return {
    tables,
    objects,
    queue,
    now,
    monotonicNow: () => performance.now(),
    scheduling: DEFAULT_SCHEDULING,
  };
}

export type OpenGrid = Awaited<ReturnType<typeof openGrid>>;

export interface OpenGridOptions {
  /** The folder of others, whose data are to be shared as by another process. */
  readonly folder?: string;
  /** What the services act on, in place of the stores themselves. */
  readonly wrap?: (stores: Stores) => Stores;
  readonly creator?: CreatorOptions;
}

async function newFolder(stack: AsyncDisposableStack): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "grid-submitter-"));
  stack.defer(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function openGrid({ folder, wrap, creator }: OpenGridOptions = {}) {
  const stack = new AsyncDisposableStack();
  const path = folder ?? (await newFolder(stack));
  const time = createTime();
  const stores = await openStoresIn(path, stack, time.now);
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const log = createLogger({ level: "debug", role: "test", stream });
  const metrics = createMetrics();
  const workflows = standInWorkflows(stores);
  const announced: SessionId[] = [];
  const grid: Grid = {
    stores: wrap ? wrap(stores) : stores,
    creator: stack.use(await openCreator({ stores, log }, creator)),
    workflows,
    newId: createIdSource({ now: Date.now, randomize: randomFillSync }),
    announcer: { submitted: (sessionId) => void announced.push(sessionId) },
    health: stack.use(openHealth({ checks: toChecks(stores), log })),
    metrics,
    settings: {
      defaultPartition: partitionId("default"),
      dataChunkMaxBytes: 2 ** 21,
      versions: { core: "1.2.3", api: "3.4.5" },
    },
  };
  const server = await openServer({
    address: { host: "127.0.0.1", port: 0 },
    setting: "Submitter__Port",
    services: toServices(grid),
    log,
    metrics: metrics.rpc,
    graceDelayMs: 2_000,
  });
  stack.use(server);
  const clients = connect(toTarget(server.address), stack);
  return {
    ...{ path, stores, time, workflows, announced, server, lines, metrics, grid, ...clients },
    connect: () => connect(toTarget(server.address), stack),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** Clients on a connection of their own. */
export function connect(target: string, stack: AsyncDisposableStack) {
  const channel = createChannel(target, undefined, {
    "grpc.max_receive_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
  });
  stack.defer(() => channel.close());
  return {
    channel,
    sessions: createClient(SessionsDefinition, channel),
    tasks: createClient(TasksDefinition, channel),
    results: createClient(ResultsDefinition, channel),
    events: createClient(EventsDefinition, channel),
    partitions: createClient(PartitionsDefinition, channel),
    versions: createClient(VersionsDefinition, channel),
    healthChecks: createClient(HealthChecksServiceDefinition, channel),
    applications: createClient(ApplicationsDefinition, channel),
    authentication: createClient(AuthenticationDefinition, channel),
    submitter: createClient(SubmitterDefinition, channel),
    grpcHealth: createClient(HealthDefinition, channel),
  };
}
