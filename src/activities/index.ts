import type { Stores } from "../lifecycle/stores.ts";
import type { Watch } from "../orchestrator/supervision/watch.ts";
import { createEndSession } from "./end-session.ts";
import { createRecordStatus } from "./record-status.ts";
import { createRunBatch } from "./run-batch.ts";

export interface ActivityDependencies {
  readonly stores: Stores;
  readonly watch: Watch;
}

/** Every side effect that a session workflow asks for. Each is idempotent. */
export const createActivities = ({ stores, watch }: ActivityDependencies) => ({
  runBatch: createRunBatch({ stores, watch }),
  recordStatus: createRecordStatus(stores),
  endSession: createEndSession(stores),
});

export type Activities = ReturnType<typeof createActivities>;
