// A stand-in agent without storage: calls the worker, takes its notification, nothing else.
// argv: worker socket, agent socket, data folder, milliseconds. Prints tasks a second.
import { AgentDefinition } from "../../src/gen/agent_service.ts";
import { ProcessRequest } from "../../src/gen/worker_common.ts";
import { WorkerDefinition } from "../../src/gen/worker_service.ts";
import { addUnary, connect, listen, Server, unary } from "../support/unary.ts";

const [workerSocket = "", agentSocket = "", dataFolder = "", forMs = "3000"] =
  process.argv.slice(2);

const server = new Server();
addUnary(server, AgentDefinition, AgentDefinition.methods.notifyResultData, ({ ids }) => ({
  resultIds: ids.map(({ resultId }) => resultId),
}));
await listen(server, `unix:${agentSocket}`);

const client = connect(`unix:${workerSocket}`);
await new Promise<void>((resolve, reject) => {
  client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve()));
});
const process_ = unary(client, WorkerDefinition, WorkerDefinition.methods.process);
const request = ProcessRequest.fromPartial({
  communicationToken: "t",
  sessionId: "5c2ef1c8-5e26-4b0e-a1f2-7bb8e4e94a5f",
  taskId: "0d2d3f2c-9be1-49f0-8d8f-2b1fb4e6ad3a",
  taskOptions: { maxRetries: 2, priority: 1, partitionId: "default", applicationName: "bench" },
  expectedOutputKeys: ["7f5c5c1e-94b8-4f26-8f0a-6c6a5e1c9f11"],
  payloadId: "f1a52f4e-1a19-4cf7-9f7e-3a1c1de1a111",
  dataFolder,
  configuration: { dataChunkMaxSize: 2 << 20 },
});

const run = async (ms: number): Promise<number> => {
  const end = performance.now() + ms;
  let tasks = 0;
  while (performance.now() < end) {
    await process_(request);
    tasks++;
  }
  return tasks;
};
await run(500);
const started = performance.now();
const tasks = await run(Number(forMs));
process.stdout.write(`${(tasks / (performance.now() - started)) * 1_000}\n`);
process.exit(0);
