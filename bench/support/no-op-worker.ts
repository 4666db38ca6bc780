// The worker of every benchmark: one small file per expected output, one notification; before that,
// as many no-op subtasks as the task's option `children` says.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AgentDefinition } from "../../src/gen/agent_service.ts";
import {
  HealthCheckReply_ServingStatus,
  type ProcessRequest,
} from "../../src/gen/worker_common.ts";
import { WorkerDefinition } from "../../src/gen/worker_service.ts";
import { addUnary, connect, listen, Server, unary } from "./unary.ts";

const DONE = Buffer.from("done");
const socket = (channel: string) => `unix:${process.env[`ComputePlane__${channel}__Address`]}`;
const workerAddress = socket("WorkerChannel");
const agentAddress = socket("AgentChannel");

const CALL = 1_000;
/** Options of a child: not the parent's, or it would have children too. */
const CHILD = {
  options: { children: "0" },
  maxDuration: { seconds: 300, nanos: 0 },
  ...{ maxRetries: 2, priority: 1, partitionId: "", engineType: "" },
  ...{ applicationName: "bench", applicationVersion: "", applicationNamespace: "" },
  applicationService: "",
};

const server = new Server();
const agent = connect(agentAddress);
const { methods } = AgentDefinition;
const notify = unary(agent, AgentDefinition, methods.notifyResultData);
const createResults = unary(agent, AgentDefinition, methods.createResultsMetaData);
const submitTasks = unary(agent, AgentDefinition, methods.submitTasks);

const submitChildren = async (count: number, request: ProcessRequest): Promise<void> => {
  const { communicationToken, sessionId, payloadId } = request;
  const call = { communicationToken, sessionId };
  for (let from = 0; from < count; from += CALL) {
    const names = Array.from({ length: Math.min(CALL, count - from) }, (_, i) => `c${from + i}`);
    const { results } = await createResults({ ...call, results: names.map((name) => ({ name })) });
    const taskCreations = results.map(({ resultId }) => ({
      payloadId,
      expectedOutputKeys: [resultId],
      dataDependencies: [],
      taskOptions: undefined,
    }));
    await submitTasks({ ...call, taskOptions: CHILD, taskCreations });
  }
};
addUnary(server, WorkerDefinition, WorkerDefinition.methods.healthCheck, () => ({
  status: HealthCheckReply_ServingStatus.SERVING,
}));
addUnary(server, WorkerDefinition, WorkerDefinition.methods.process, async (request) => {
  const { communicationToken, sessionId, expectedOutputKeys, dataFolder, taskOptions } = request;
  await submitChildren(Number(taskOptions?.options["children"] ?? 0), request);
  for (const id of expectedOutputKeys) writeFileSync(join(dataFolder, id), DONE);
  const ids = expectedOutputKeys.map((resultId) => ({ sessionId, resultId }));
  await notify({ communicationToken, ids });
  return { output: { type: { $case: "ok" as const, value: {} } } };
});
await listen(server, workerAddress);
