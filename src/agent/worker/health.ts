import type { Stores } from "../../lifecycle/stores.ts";
import type { Check } from "../../telemetry/health.ts";
import type { WorkerClient } from "./worker-client.ts";

/** A worker that is not back after so long needs its container restarted, and ours with it. */
const WORKER_PATIENCE_MS = 60_000;

/** What must be there for the agent to take tasks. A worker that is busy is there. */
export const toChecks = ({ tables, objects, queue }: Stores, worker: WorkerClient) => ({
  tableStorage: () => tables.ping(),
  objectStorage: () => objects.ping(),
  queue: () => queue.ping(),
  worker: async () => {
    if (worker.unreadySince !== undefined) throw new Error("the worker does not answer");
  },
});

/** Fails when only a restart helps. */
export const toLiveness =
  (worker: WorkerClient): Check =>
  async () => {
    const waited = performance.now() - (worker.unreadySince ?? performance.now());
    if (waited > WORKER_PATIENCE_MS)
      throw new Error(`the worker has not answered for ${Math.round(waited / 1_000)} s`);
  };
