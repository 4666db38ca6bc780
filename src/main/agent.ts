// The compute plane as a process: one agent, beside one worker.
import { randomFillSync, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { createAgent } from "../agent/agent.ts";
import { folderMark, removeLeftovers } from "../agent/execution/leftover-folders.ts";
import { agentService } from "../agent/worker/agent-service.ts";
import { toChecks, toLiveness } from "../agent/worker/health.ts";
import { openWorkerClient, type WorkerClient } from "../agent/worker/worker-client.ts";
import type { AgentConfig } from "../config/index.ts";
import { createIdSource } from "../domain/id-source.ts";
import { agentId } from "../domain/ids.ts";
import { AgentDefinition } from "../gen/agent_service.ts";
import { toAddress, toTarget } from "../grpc/address.ts";
import { openServer } from "../grpc/server.ts";
import { serve } from "../grpc/service.ts";
import type { Stores } from "../lifecycle/stores.ts";
import { markOfProcess } from "../orchestrator/recovery/process-mark.ts";
import { openHealth } from "../telemetry/health.ts";
import { openHttpServer } from "../telemetry/http.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { stopSignal } from "./stop-signal.ts";
import { openStores } from "./stores.ts";

interface Parts {
  readonly stores: Stores;
  readonly worker: WorkerClient;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

function toAgent(config: AgentConfig, parts: Parts) {
  const { pollster, submitter } = config;
  const { sharedCacheFolder: cacheFolder } = pollster;
  mkdirSync(cacheFolder, { recursive: true });
  const mark = folderMark(config.computePlane.agentChannel.address);
  const left = removeLeftovers(cacheFolder, mark);
  if (left > 0)
    parts.log.info({ folders: left }, "data folders of an agent that was killed removed");
  return createAgent({
    ...parts,
    owner: { agentId: agentId(randomUUID()), hostname: hostname() },
    process: markOfProcess(),
    partitionId: pollster.partitionId,
    newId: createIdSource({ now: Date.now, randomize: randomFillSync }),
    settings: {
      cacheFolder,
      folderMark: mark,
      prefetch: pollster.prefetch,
      heartbeatMs: pollster.heartbeatMs,
      graceDelayMs: pollster.graceDelayMs,
      holdMs: pollster.holdMs,
      workerPatienceMs: pollster.workerPatienceMs,
      workerLogFile: pollster.workerLogFile,
      maxErrorBytes: pollster.maxErrorBytes,
      dataChunkMaxBytes: submitter.preferredMessageSizeBytes,
    },
  });
}

/** Serves its worker until the process is told to stop, then settles what it holds. */
export async function runAgent(config: AgentConfig): Promise<void> {
  const { pollster, computePlane } = config;
  const { partitionId } = pollster;
  const log = createLogger({ level: config.log.level, role: "agent" }).child({ partitionId });
  await using stack = new AsyncDisposableStack();
  const stop = new AbortController();
  void stopSignal().then((signal) => {
    log.info({ signal }, "stopping");
    stop.abort();
  });
  const metrics = createMetrics();
  const stores = await openStores(config, stack);
  const worker = stack.use(openWorkerClient(toTarget(toAddress(computePlane.workerChannel)), log));
  const agent = toAgent(config, { stores, worker, log, metrics, signal: stop.signal });
  const health = stack.use(openHealth({ checks: toChecks(stores, worker), log }));
  const { host, httpPort: port } = pollster;
  stack.use(
    await openHttpServer({
      ...{ host, port, setting: "Pollster__HttpPort", health, log, registry: metrics.registry },
      liveness: toLiveness(worker),
      routes: {
        "/taskprocessing": async () => ({
          contentType: "text/plain",
          body: agent.taskIds().join(","),
        }),
      },
    }),
  );
  // Closed last of all servers: that its socket is gone tells the worker's container to stop.
  stack.use(
    await openServer({
      address: toAddress(computePlane.agentChannel),
      setting: "ComputePlane__AgentChannel__Address",
      services: [
        serve(
          AgentDefinition,
          agentService(agent.context, () => agent.current),
        ),
      ],
      ...{ log, metrics: metrics.rpc, graceDelayMs: 0 },
    }),
  );
  await agent.run();
  health.drain();
}
