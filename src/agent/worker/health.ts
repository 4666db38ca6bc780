import type { Stores } from "../../lifecycle/stores.ts";
import type { Check } from "../../telemetry/health.ts";
import type { WorkerClient } from "./worker-client.ts";

/** From this part of the worker's patience on liveness fails: probes see it before the agent ends. */
const PART = 0.75;

/** What must be there for the agent to take tasks. A worker that is busy is there. */
export const toChecks = ({ tables, objects, queue }: Stores, worker: WorkerClient) => ({
  tableStorage: () => tables.ping(),
  objectStorage: () => objects.ping(),
  queue: () => queue.ping(),
  worker: async () => {
    if (worker.unready) throw new Error("the worker does not answer");
  },
});

/** Fails when only a restart helps. */
export const toLiveness =
  (worker: WorkerClient): Check =>
  async () => {
    const { forMs = 0, patienceMs = Infinity } = worker.unready ?? {};
    if (forMs >= patienceMs * PART)
      throw new Error(`the worker has not served for ${Math.round(forMs / 1_000)} s`);
  };
