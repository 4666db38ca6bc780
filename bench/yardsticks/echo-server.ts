// The other side of R: answers Worker/HealthCheck. Prints its port.
import { HealthCheckReply_ServingStatus } from "../../src/gen/worker_common.ts";
import { WorkerDefinition } from "../../src/gen/worker_service.ts";
import { addUnary, listen, Server } from "../support/unary.ts";

const server = new Server();
addUnary(server, WorkerDefinition, WorkerDefinition.methods.healthCheck, () => ({
  status: HealthCheckReply_ServingStatus.SERVING,
}));
process.stdout.write(`${await listen(server, "127.0.0.1:0")}\n`);
