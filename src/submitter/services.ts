import type { Server } from "nice-grpc";
import {
  ApplicationsDefinition,
  type ApplicationsServiceImplementation,
} from "../gen/applications_service.ts";
import {
  AuthenticationDefinition,
  type AuthenticationServiceImplementation,
} from "../gen/auth_service.ts";
import { EventsDefinition } from "../gen/events_service.ts";
import { HealthChecksServiceDefinition } from "../gen/health_checks_service.ts";
import { PartitionsDefinition } from "../gen/partitions_service.ts";
import { ResultsDefinition } from "../gen/results_service.ts";
import { SessionsDefinition } from "../gen/sessions_service.ts";
import {
  SubmitterDefinition,
  type SubmitterServiceImplementation,
} from "../gen/submitter_service.ts";
import { TasksDefinition } from "../gen/tasks_service.ts";
import { VersionsDefinition } from "../gen/versions_service.ts";
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

type Applications = ApplicationsServiceImplementation<DrainContext>;
type Authentication = AuthenticationServiceImplementation<DrainContext>;
type Submitter = SubmitterServiceImplementation<DrainContext>;

/** Every service of the interface but Agent and Worker. */
export function addServices(server: Server<DrainContext>, grid: Grid): void {
  server.add(SessionsDefinition, sessionsService(grid));
  server.add(TasksDefinition, tasksService(grid));
  server.add(ResultsDefinition, resultsService(grid));
  server.add(EventsDefinition, eventsService(grid));
  server.add(PartitionsDefinition, partitionsService(grid));
  server.add(VersionsDefinition, versionsService(grid));
  server.add(HealthChecksServiceDefinition, healthChecksService(grid));
  server.add(ApplicationsDefinition, notImplemented<Applications>(ApplicationsDefinition));
  server.add(AuthenticationDefinition, notImplemented<Authentication>(AuthenticationDefinition));
  server.add(SubmitterDefinition, notImplemented<Submitter>(SubmitterDefinition));
  addHealthService(server, grid.health);
}
