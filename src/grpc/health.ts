import type { Server } from "nice-grpc";
import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";
import type { Health } from "../telemetry/health.ts";
import type { DrainContext } from "./drain.ts";

/** Adds `grpc.health.v1`: the whole server serves while the process is ready. */
export function addHealthService(server: Server<DrainContext>, health: Health): void {
  const state = HealthState();
  // One listener a watching client, as many as there are.
  state.setMaxListeners(0);
  health.onChange((ready) => state.setStatus(ready ? "healthy" : "unhealthy"));
  const service = HealthServiceImpl(state);
  server.add(HealthDefinition, {
    check: service.check,
    // Watches never end by themselves: the drain ends them.
    watch: (request, context) =>
      service.watch(request, {
        ...context,
        signal: AbortSignal.any([context.signal, context.draining]),
      }),
  });
}
