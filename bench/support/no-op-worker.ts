// The worker of every benchmark: one small file per expected output, one notification.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AgentDefinition } from "../../src/gen/agent_service.ts";
import { HealthCheckReply_ServingStatus } from "../../src/gen/worker_common.ts";
import { WorkerDefinition } from "../../src/gen/worker_service.ts";
import { addUnary, connect, listen, Server, unary } from "./unary.ts";

const DONE = Buffer.from("done");
const socket = (channel: string) => `unix:${process.env[`ComputePlane__${channel}__Address`]}`;
const workerAddress = socket("WorkerChannel");
const agentAddress = socket("AgentChannel");

const server = new Server();
const notify = unary(
  connect(agentAddress),
  AgentDefinition,
  AgentDefinition.methods.notifyResultData,
);
addUnary(server, WorkerDefinition, WorkerDefinition.methods.healthCheck, () => ({
  status: HealthCheckReply_ServingStatus.SERVING,
}));
addUnary(server, WorkerDefinition, WorkerDefinition.methods.process, async (request) => {
  const { communicationToken, sessionId, expectedOutputKeys, dataFolder } = request;
  for (const id of expectedOutputKeys) writeFileSync(join(dataFolder, id), DONE);
  const ids = expectedOutputKeys.map((resultId) => ({ sessionId, resultId }));
  await notify({ communicationToken, ids });
  return { output: { type: { $case: "ok" as const, value: {} } } };
});
await listen(server, workerAddress);
