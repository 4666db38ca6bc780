import { HealthStatusEnum } from "../gen/health_checks_common.ts";
import type { HealthChecksServiceDefinition } from "../gen/health_checks_service.ts";
import type { Service } from "../grpc/service.ts";
import type { Stores } from "../lifecycle/stores.ts";
import type { Check } from "../telemetry/health.ts";
import type { Grid } from "./grid.ts";

/** What the control plane stands on, under the names that the interface gives them. */
export const toChecks = ({ tables, objects, queue }: Stores): Readonly<Record<string, Check>> => ({
  database: () => tables.ping(),
  object: () => objects.ping(),
  queue: () => queue.ping(),
});

export const healthChecksService = ({ health }: Grid): Service<HealthChecksServiceDefinition> => ({
  async checkHealth() {
    const { outcomes } = await health.readiness();
    const services = outcomes.map(({ name, failure }) => ({
      name,
      message: failure ?? "",
      healthy: failure === undefined ? HealthStatusEnum.HEALTHY : HealthStatusEnum.UNHEALTHY,
    }));
    return { services };
  },
});
