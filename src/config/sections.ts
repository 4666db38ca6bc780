// What can be configured, section by section. Names are ArmoniK's where ArmoniK has one.
import { z } from "zod";
import { partitionId } from "../domain/ids.ts";
import { DEFAULT_SCHEDULING, type Scheduling } from "../domain/scheduling.ts";
import { Secret } from "../domain/secret.ts";
import { LOG_LEVELS } from "../telemetry/logger.ts";
import { PartitionEntry } from "./partition-entry.ts";

export const MAX_DURATION_MS = 2 ** 31 - 1;

const port = (meaning: string) =>
  z.int().min(0).max(65_535).describe(`${meaning}; 0 = any free one`);
/** Node's timers hold no more; what is longer would fire at once. */
const durationMs = z.int().min(0).max(MAX_DURATION_MS);
const count = z.int().min(1);
const partition = z.string().min(1).transform(partitionId);

const MIB = 2 ** 20;
/** Python clients receive at most 4 MiB a message; some of it is not data. */
const MAX_MESSAGE_BYTES = 4 * MIB - 1_024;

/** What a Unix socket's path may measure: `sun_path` has 108 bytes, the last one zero. */
const MAX_SOCKET_PATH_BYTES = 107;

export const Submitter = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on; 0.0.0.0 = all"),
  port: port("gRPC port").default(5001),
  httpPort: port("Port of health checks and metrics").default(5002),
  defaultPartition: partition
    .prefault("default")
    .describe("Partition of sessions and tasks that name none"),
  preferredMessageSizeBytes: z
    .int()
    .min(1_024)
    .max(MAX_MESSAGE_BYTES)
    .default(2 * MIB)
    .describe("Size of data chunks, announced to clients and workers"),
  graceDelayMs: durationMs
    .default(15_000)
    .describe("How long running calls may go on after a stop signal"),
});

/** The same for all roles: stored with the grid. */
const agreed = (name: keyof Scheduling, schema: z.ZodInt, meaning: string) =>
  schema.optional().describe(`${meaning}; ${DEFAULT_SCHEDULING[name]} in a new grid`);

/**
 * Stored with the grid at its first start. Nothing has a default here: what is not given is the
 * grid's, and what is given must be.
 */
export const SchedulingSection = z.strictObject({
  window: agreed("window", count.max(1_000), "Open batches a session"),
  singleTasks: agreed(
    "singleTasks",
    z.int().min(0).max(1_000),
    "Up to this many tasks of a session have a batch each",
  ),
  directDispatchLimit: agreed(
    "directDispatchLimit",
    z.int().min(0),
    "Up to this many queued tasks of a session, ready ones are dispatched at once",
  ),
  leaseMs: agreed(
    "leaseMs",
    durationMs.min(1_000),
    "An agent that has not renewed its lease for this long is dead",
  ),
  republishAfterMs: agreed(
    "republishAfterMs",
    durationMs.min(100),
    "A dispatched task that no agent took for this long, while one is idle, is put on the queue again",
  ),
});

export const Temporal = z.strictObject({
  address: z.string().min(1).default("127.0.0.1:7233").describe("host:port of the Temporal server"),
  namespace: z.string().min(1).default("default").describe("Temporal namespace"),
  apiKey: z
    .string()
    .min(1)
    .transform((key) => new Secret(key))
    .optional()
    .describe("Key of a Temporal that asks for one; the connection then uses TLS"),
});

export const Orchestrator = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on; 0.0.0.0 = all"),
  httpPort: port("Port of health checks and metrics").default(0),
  sweepMs: durationMs.min(10).default(1_000).describe("Pause between two looks at what was left"),
  graceDelayMs: durationMs
    .default(2_000)
    .describe("How long running activities may go on after a stop signal"),
});

export const Pollster = z.strictObject({
  partitionId: partition.optional().describe("The partition that the agent serves; agents need it"),
  prefetch: z
    .int()
    .min(1)
    .max(1_000)
    .default(32)
    .describe("Tasks that the agent takes ahead of its worker"),
  graceDelayMs: durationMs
    .default(5_000)
    .describe("How long the running task may go on after a stop signal"),
  holdMs: durationMs
    .min(100)
    .default(10_000)
    .describe("How long a task may wait behind a long one before it is given back"),
  heartbeatMs: durationMs
    .min(50)
    .default(1_000)
    .describe("Pause between two renewals of the lease"),
  workerPatienceMs: durationMs
    .min(1_000)
    .default(10_000)
    .describe(
      "How long the worker may not serve after a call, or when it has nothing to do, before the agent ends for both to be started anew",
    ),
  workerLogFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "File with what the worker prints, whose last lines failed tasks show; `grid dev` sets it",
    ),
  maxErrorBytes: z
    .int()
    .min(256)
    .max(MAX_MESSAGE_BYTES / 4)
    .default(64 * 1_024)
    .describe("So much is kept of what a worker says about a failure"),
  sharedCacheFolder: z
    .string()
    .regex(/^\//, "must be an absolute path, the same for agent and worker")
    .default("/cache/shared")
    .describe("Folder shared with the worker, for the data of tasks"),
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on; 0.0.0.0 = all"),
  httpPort: port("Port of health checks and metrics").default(0),
});

/** For the process that is an agent. */
export const AgentPollster = Pollster.extend({
  partitionId: z
    .string({ error: "the agent needs its partition: set Pollster__PartitionId" })
    .min(1)
    .transform(partitionId),
});

const channel = (whose: string, address: string) =>
  z
    .strictObject({
      address: z
        .string()
        .min(1)
        .default(address)
        .describe(`${whose}: absolute path of the socket, or http://host:port`),
      socketType: z
        .preprocess(
          (type) => (typeof type === "string" ? type.toLowerCase() : type),
          z.enum(["unixdomainsocket", "tcp"]),
        )
        .prefault("unixdomainsocket")
        .describe("Kind of the address"),
    })
    .superRefine(({ address: given, socketType }, context) => {
      const wrong = socketType === "tcp" ? wrongTcp(given) : wrongSocket(given);
      if (wrong) context.addIssue({ code: "custom", path: ["address"], message: wrong });
    })
    .prefault({});

const wrongTcp = (address: string): string | undefined =>
  /^(http:\/\/)?([^/:]+|\[[^\]/]+\]):\d+\/?$/.test(address)
    ? undefined
    : "must be http://host:port, as the socket type is tcp";

function wrongSocket(path: string): string | undefined {
  if (!path.startsWith("/"))
    return "must be an absolute path, as the socket type is unixdomainsocket";
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return undefined;
  return `must have at most ${MAX_SOCKET_PATH_BYTES} bytes: longer socket paths do not work`;
}

export const ComputePlane = z.strictObject({
  workerChannel: channel("Where the worker listens", "/cache/armonik_worker.sock"),
  agentChannel: channel("Where the agent listens", "/cache/armonik_agent.sock"),
});

export const InitServices = z.strictObject({
  partitioning: z
    .strictObject({
      partitions: z
        .array(PartitionEntry)
        .prefault([])
        .describe("Partitions that exist from the start, one JSON object a variable"),
    })
    .prefault({}),
});

export const Log = z.strictObject({
  level: z.enum(LOG_LEVELS).default("info").describe("Least severe lines to write"),
});
