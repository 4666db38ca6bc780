import type { IdSource } from "../domain/id-source.ts";
import type { PartitionId } from "../domain/ids.ts";
import type { Announcer } from "../lifecycle/announcer.ts";
import type { SessionWorkflows } from "../lifecycle/session-workflows.ts";
import type { Stores } from "../lifecycle/stores.ts";
import type { Health } from "../telemetry/health.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Creator } from "./creator.ts";

/** What the services of the control plane act on. */
export interface Grid {
  readonly stores: Stores;
  readonly workflows: Pick<SessionWorkflows, "start" | "control">;
  readonly announcer: Pick<Announcer, "submitted">;
  readonly creator: Pick<Creator, "id" | "takeBack">;
  /** For everything that has no id yet. */
  readonly newId: IdSource;
  readonly health: Health;
  readonly metrics: Pick<Metrics, "tasksSubmitted">;
  readonly settings: {
    /** For sessions that name none. */
    readonly defaultPartition: PartitionId;
    /** How large clients should cut what they upload. */
    readonly dataChunkMaxBytes: number;
    readonly versions: { readonly core: string; readonly api: string };
  };
}
