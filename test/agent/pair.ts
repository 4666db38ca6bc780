// An agent and its worker, in this process, on Unix sockets.
import { randomFillSync, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Agent, createAgent } from "../../src/agent/agent.ts";
import type { AgentSettings } from "../../src/agent/context.ts";
import { agentService } from "../../src/agent/worker/agent-service.ts";
import { openWorkerClient } from "../../src/agent/worker/worker-client.ts";
import { createIdSource } from "../../src/domain/id-source.ts";
import { type AgentId, agentId } from "../../src/domain/ids.ts";
import { AgentDefinition } from "../../src/gen/agent_service.ts";
import { openServer } from "../../src/grpc/server.ts";
import { serve } from "../../src/grpc/service.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { PARTITION, type TestGrid } from "./grid.ts";
import { type Behaviour, openTestWorker, type TestWorker } from "./worker.ts";

export interface Pair extends AsyncDisposable {
  readonly agentId: AgentId;
  readonly agent: Agent;
  readonly worker: TestWorker;
  /** Log lines, parsed. */
  readonly lines: Record<string, unknown>[];
  readonly cacheFolder: string;
  readonly agentSocket: string;
  /** As SIGTERM does; resolves when the agent has gone. */
  stop(): Promise<void>;
}

export interface PairOptions {
  readonly behaviour: Behaviour;
  readonly settings?: Partial<AgentSettings>;
  readonly stores?: Stores;
  readonly health?: TestWorker["health"];
}

export async function openPair(grid: TestGrid, options: PairOptions): Promise<Pair> {
  const folder = mkdtempSync(join(grid.folder, "p-"));
  const sockets = { agentSocket: join(folder, "a.sock"), workerSocket: join(folder, "w.sock") };
  const cacheFolder = join(folder, "cache");
  mkdirSync(cacheFolder);
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLogger({ level: "debug", role: "agent", stream });
  const metrics = createMetrics();
  const stop = new AbortController();
  const worker = await openTestWorker(sockets, options.behaviour);
  if (options.health) worker.health = options.health;
  const client = openWorkerClient(`unix://${sockets.workerSocket}`, log);
  const id = agentId(randomUUID());
  const agent = createAgent({
    stores: options.stores ?? grid.stores,
    owner: { agentId: id, hostname: "test" },
    partitionId: PARTITION,
    newId: createIdSource({ now: Date.now, randomize: randomFillSync }),
    settings: {
      ...{ cacheFolder, prefetch: 8, heartbeatMs: 100, graceDelayMs: 5_000, holdMs: 10_000 },
      ...{
        dataChunkMaxBytes: 2 ** 20,
        maxErrorBytes: 1_000,
        workerPatienceMs: 60_000,
        folderMark: "test",
        ...options.settings,
      },
    },
    ...{ log, metrics, worker: client, signal: stop.signal },
  });
  const server = await openServer({
    address: { socket: sockets.agentSocket },
    setting: "test",
    services: [
      serve(
        AgentDefinition,
        agentService(agent.context, () => agent.current),
      ),
    ],
    ...{ log, metrics: metrics.rpc, graceDelayMs: 0 },
  });
  const running = agent.run();
  // Looked at by whoever stops the pair.
  running.catch(() => {});
  const stopAll = async (): Promise<void> => {
    stop.abort();
    const failure = await running.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    client[Symbol.dispose]();
    await server.drain();
    await worker[Symbol.asyncDispose]();
    if (failure) throw failure.error;
    if (existsSync(sockets.agentSocket)) throw new Error("the agent's socket was left behind");
  };
  let stopped: Promise<void> | undefined;
  const stopOnce = (): Promise<void> => {
    stopped ??= stopAll();
    return stopped;
  };
  return {
    ...{ agentId: id, agent, worker, lines, cacheFolder, agentSocket: sockets.agentSocket },
    stop: stopOnce,
    [Symbol.asyncDispose]: stopOnce,
  };
}
