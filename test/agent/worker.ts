// A worker as the published SDKs make them: a server of the Worker service, and its way back to the
// agent. Its behaviour is a function, by task.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type CallContext,
  createChannel,
  createClient,
  createServer,
  ServerError,
  Status,
} from "nice-grpc";
import { type AgentClient, AgentDefinition } from "../../src/gen/agent_service.ts";
import type { Output } from "../../src/gen/objects.ts";
import type { ProcessRequest } from "../../src/gen/worker_common.ts";
import { HealthCheckReply_ServingStatus } from "../../src/gen/worker_common.ts";
import { WorkerDefinition } from "../../src/gen/worker_service.ts";

export interface Job {
  readonly request: ProcessRequest;
  readonly agent: AgentClient;
  readonly context: CallContext;
  input(id: string): Promise<string>;
  /** Writes an output and announces it. */
  output(id: string, text: string): Promise<void>;
}

export type Behaviour = (job: Job) => Promise<Output | undefined>;

export const OK: Output = { type: { $case: "ok", value: {} } };

type Gate = PromiseWithResolvers<void>;

/** Says that a task has begun, and ends it well once it is released. */
export const heldUntil =
  (release: Gate, started: Gate): Behaviour =>
  async () => {
    started.resolve();
    await release.promise;
    return OK;
  };

export interface TestWorker extends AsyncDisposable {
  /** Called for each task; may be changed between tasks. */
  behaviour: Behaviour;
  /** What HealthCheck answers. */
  health: () => Promise<HealthCheckReply_ServingStatus>;
  readonly healthChecks: number;
}

export async function openTestWorker(
  { agentSocket, workerSocket }: { agentSocket: string; workerSocket: string },
  behaviour: Behaviour,
): Promise<TestWorker> {
  const channel = createChannel(`unix://${agentSocket}`);
  const agent = createClient(AgentDefinition, channel);
  const server = createServer();
  let healthChecks = 0;
  const worker = {
    behaviour,
    health: async (): Promise<HealthCheckReply_ServingStatus> =>
      HealthCheckReply_ServingStatus.SERVING,
    get healthChecks() {
      return healthChecks;
    },
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      channel.close();
    },
  };
  server.add(WorkerDefinition, {
    async process(request, context) {
      const { dataFolder, communicationToken } = request;
      const work = worker.behaviour({
        ...{ request, agent, context },
        input: (id) => readFile(join(dataFolder, id), "utf8"),
        async output(id, text) {
          await writeFile(join(dataFolder, id), text);
          const ids = [{ sessionId: request.sessionId, resultId: id }];
          await agent.notifyResultData({ communicationToken, ids });
        },
      });
      const output = await work.catch((error: unknown) => {
        if (error instanceof ServerError) throw error;
        // As the Python SDK answers to an exception in user code.
        throw new ServerError(Status.INTERNAL, String(error));
      });
      return { output };
    },
    async healthCheck() {
      healthChecks += 1;
      return { status: await worker.health() };
    },
  });
  await server.listen(`unix://${workerSocket}`);
  return worker;
}
