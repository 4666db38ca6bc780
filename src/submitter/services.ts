import type { Server } from "nice-grpc";
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
import { addService } from "../grpc/add-service.ts";
import type { DrainContext } from "../grpc/drain.ts";
import { addHealthService } from "../grpc/health.ts";
import { eventsService } from "./events/service.ts";
import type { Grid } from "./grid.ts";
import { healthChecksService } from "./health-checks.ts";
import { notImplemented } from "./not-implemented.ts";
import { partitionsService } from "./partitions.ts";
import { resultsService } from "./results/service.ts";
import { sessionsService } from "./sessions/service.ts";
import { tasksService } from "./tasks/service.ts";
import { versionsService } from "./versions.ts";

/** Every service of the interface but Agent and Worker. */
export function addServices(server: Server<DrainContext>, grid: Grid): void {
  addService(server, SessionsDefinition, sessionsService(grid));
  addService(server, TasksDefinition, tasksService(grid));
  addService(server, ResultsDefinition, resultsService(grid));
  addService(server, EventsDefinition, eventsService(grid));
  addService(server, PartitionsDefinition, partitionsService(grid));
  addService(server, VersionsDefinition, versionsService(grid));
  addService(server, HealthChecksServiceDefinition, healthChecksService(grid));
  addService(server, ApplicationsDefinition, notImplemented(ApplicationsDefinition));
  addService(server, AuthenticationDefinition, notImplemented(AuthenticationDefinition));
  addService(server, SubmitterDefinition, notImplemented(SubmitterDefinition));
  addHealthService(server, grid.health);
}
