import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";
import type { Health } from "../telemetry/health.ts";
import { type ServedService, serve } from "./service.ts";

/** `grpc.health.v1`: the whole server serves while the process is ready. */
export function healthService(health: Health): ServedService {
  const state = HealthState();
  // One listener a watching client, as many as there are.
  state.setMaxListeners(0);
  health.onChange((ready) => state.setStatus(ready ? "healthy" : "unhealthy"));
  const service = HealthServiceImpl(state);
  return serve(HealthDefinition, {
    check: async (request, context) => await service.check(request, context),
    async *watch(request, context) {
      // Watches never end by themselves: the drain ends them.
      const signal = AbortSignal.any([context.signal, context.draining]);
      yield* service.watch(request, { ...context, signal });
    },
  });
}
