import { ApplicationsDefinition } from "../gen/applications_service.ts";
import { AuthenticationDefinition } from "../gen/auth_service.ts";
import { EventsDefinition } from "../gen/events_service.ts";
import { HealthChecksServiceDefinition } from "../gen/health_checks_service.ts";
import { PartitionsDefinition } from "../gen/partitions_service.ts";
import { ResultsDefinition } from "../gen/results_service.ts";
import { SessionsDefinition } from "../gen/sessions_service.ts";
import { SubmitterDefinition } from "../gen/submitter_service.ts";
import { TasksDefinition } from "../gen/tasks_service.ts";
import { VersionsDefinition } from "../gen/versions_service.ts";
import { healthService } from "../grpc/health.ts";
import { type ServedService, serve } from "../grpc/service.ts";
import { eventsService } from "./events/service.ts";
import type { Grid } from "./grid.ts";
import { healthChecksService } from "./health-checks.ts";
import { notImplemented } from "./not-implemented.ts";
import { partitionsService } from "./partitions.ts";
import { resultsService } from "./results/service.ts";
import { sessionsService } from "./sessions/service.ts";
import { tasksService } from "./tasks/service.ts";
import { versionsService } from "./versions.ts";

/** Every service of the interface but Agent and Worker, and the standard one for health checks. */
export const toServices = (grid: Grid): readonly ServedService[] => [
  serve(SessionsDefinition, sessionsService(grid)),
  serve(TasksDefinition, tasksService(grid)),
  serve(ResultsDefinition, resultsService(grid)),
  serve(EventsDefinition, eventsService(grid)),
  serve(PartitionsDefinition, partitionsService(grid)),
  serve(VersionsDefinition, versionsService(grid)),
  serve(HealthChecksServiceDefinition, healthChecksService(grid)),
  serve(ApplicationsDefinition, notImplemented(ApplicationsDefinition)),
  serve(AuthenticationDefinition, notImplemented(AuthenticationDefinition)),
  serve(SubmitterDefinition, notImplemented(SubmitterDefinition)),
  healthService(grid.health),
];
