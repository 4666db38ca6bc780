import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AgentContext } from "../../src/agent/context.ts";
import { type Attempt, createAttempt } from "../../src/agent/execution/attempt.ts";
import { createIdleTime } from "../../src/agent/idle-time.ts";
import { agentId, type TaskId } from "../../src/domain/ids.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { PARTITION, type TestGrid } from "./grid.ts";

/** What the parts of an agent act on, for a part without the rest. */
export function toContext(
  { folder }: TestGrid,
  stores: Stores,
  newId: AgentContext["newId"] = () => "",
): AgentContext {
  const never = new AbortController().signal;
  const cacheFolder = join(folder, "cache");
  mkdirSync(cacheFolder, { recursive: true });
  return {
    ...{ stores, newId, stopping: never, ending: never },
    ...{ owner: { agentId: agentId("agent"), hostname: "here" }, partitionId: PARTITION },
    ...{ held: new Set<Attempt>(), idle: createIdleTime(), metrics: createMetrics() },
    log: createLogger({ level: "silent", role: "test" }),
    settings: {
      ...{ cacheFolder, prefetch: 1, heartbeatMs: 1, graceDelayMs: 1, holdMs: 1 },
      ...{
        dataChunkMaxBytes: 1,
        maxErrorBytes: 1_000,
        workerPatienceMs: 10_000,
        folderMark: "test",
      },
    },
  };
}

/** Tasks that the agent has acquired. */
export async function acquireAll(
  { stores, owner, settings }: AgentContext,
  ids: readonly TaskId[],
): Promise<Attempt[]> {
  const tasks = await stores.tables.tasks.acquire(ids, owner, 1);
  return tasks.map((task) => createAttempt(task, settings));
}
