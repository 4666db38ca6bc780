// The worker that `grid dev` runs unless it is given another one.
//
// It values portfolios of options (see portfolio.ts); any other payload it echoes to each expected
// output, so that any client can be tried against it. It needs nothing of the grid but the interface
// generated from proto/: copy it to start a worker of your own.
import { rm } from "node:fs/promises";
import { setImmediate as breathe } from "node:timers/promises";
import { createChannel, createClient, createServer } from "nice-grpc";
import { z } from "zod";
import { type AgentClient, AgentDefinition } from "../../src/gen/agent_service.ts";
import type { Output } from "../../src/gen/objects.ts";
import { HealthCheckReply_ServingStatus } from "../../src/gen/worker_common.ts";
import {
  WorkerDefinition,
  type WorkerServiceImplementation,
} from "../../src/gen/worker_service.ts";
import { createNormal, createSimulation, createUniform } from "./option.ts";
import {
  Job,
  type PortfolioJob,
  type PortfolioResult,
  type PriceJob,
  PriceResult,
  toPriceJobs,
} from "./portfolio.ts";
import { workerSockets } from "./sockets.ts";
import { type Task, toTask } from "./task.ts";

const MAX_JOB_BYTES = 2 ** 20;
const PATHS_PER_BREATH = 50_000;

/** The user's mistake: reported as the task's output. All else thrown is retried by the grid. */
class InvalidJob extends Error {}

/** Splits: subtasks take over the work, and the last of them what this task was to produce. */
async function portfolio(task: Task, job: PortfolioJob): Promise<void> {
  const jobs = toPriceJobs(job);
  const prices = await task.createOutputs(jobs.map((_, index) => `price ${index}`));
  const [sum = "", ...payloads] = await task.createPayloads([
    { name: "job", data: JSON.stringify({ kind: "aggregate" } satisfies Job) },
    ...jobs.map((priceJob) => ({ name: "job", data: JSON.stringify(priceJob) })),
  ]);
  await task.submit([
    ...payloads.map((payloadId, index) => ({ payloadId, outputs: prices.slice(index, index + 1) })),
    { payloadId: sum, dependencies: prices, outputs: task.outputs },
  ]);
}

async function price(task: Task, job: PriceJob): Promise<void> {
  const { option, quantity, market, paths, seed } = job;
  const simulation = createSimulation(option, market, createNormal(createUniform(...seed)));
  for (let done = 0; done < paths; done += PATHS_PER_BREATH) {
    simulation.run(Math.min(PATHS_PER_BREATH, paths - done));
    await breathe();
    task.signal.throwIfAborted();
  }
  const { value, variance } = simulation.estimate();
  const result: PriceResult = { value: quantity * value, variance: quantity ** 2 * variance };
  await writeToAll(task, JSON.stringify(result));
}

async function aggregate(task: Task): Promise<void> {
  let value = 0;
  let variance = 0;
  for (const id of task.dependencies) {
    const price = PriceResult.parse(JSON.parse(String(await task.read(id))));
    value += price.value;
    variance += price.variance;
  }
  const result: PortfolioResult = {
    value,
    standardError: Math.sqrt(variance),
    pricings: task.dependencies.length,
  };
  await writeToAll(task, JSON.stringify(result));
}

async function echo(task: Task): Promise<void> {
  for (const output of task.outputs) await task.copy(task.payloadId, output);
}

async function writeToAll(task: Task, data: string): Promise<void> {
  for (const output of task.outputs) await task.write(output, data);
}

/** Undefined if the payload is no job of ours. */
async function readJob(task: Task): Promise<Job | undefined> {
  if ((await task.sizeOf(task.payloadId)) > MAX_JOB_BYTES) return undefined;
  const payload = parseJson(String(await task.read(task.payloadId)));
  const kinds = Job.options.map((option) => option.shape.kind.value);
  if (!z.object({ kind: z.enum(kinds) }).safeParse(payload).success) return undefined;
  const { data, error } = Job.safeParse(payload);
  if (error)
    throw new InvalidJob(`Not a job that this worker understands:\n${z.prettifyError(error)}`);
  return data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not JSON: to be echoed.
  }
}

async function run(task: Task): Promise<void> {
  const job = await readJob(task);
  switch (job?.kind) {
    case "portfolio":
      return portfolio(task, job);
    case "price":
      return price(task, job);
    case "aggregate":
      return aggregate(task);
    case undefined:
      return echo(task);
  }
}

const worker = (agent: AgentClient): WorkerServiceImplementation => ({
  async process(request, { signal }) {
    const output = await run(toTask(request, agent, signal)).then(
      (): Output => ({ type: { $case: "ok", value: {} } }),
      (error: unknown): Output => {
        if (!(error instanceof InvalidJob)) throw error;
        return { type: { $case: "error", value: { details: error.message } } };
      },
    );
    return { output };
  },
  healthCheck: async () => ({ status: HealthCheckReply_ServingStatus.SERVING }),
});

async function main(): Promise<void> {
  const { workerAddress, agentAddress } = workerSockets();
  const agent = createClient(AgentDefinition, createChannel(agentAddress));
  const server = createServer({ "grpc.max_receive_message_length": -1 });
  server.add(WorkerDefinition, worker(agent));

  // What a killed worker left behind would be in the way.
  if (workerAddress.startsWith("unix:")) {
    await rm(workerAddress.slice("unix://".length), { force: true });
  }
  await server.listen(workerAddress);
  console.log(`worker listens on ${workerAddress}`);

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      server.forceShutdown();
      process.exit();
    });
  }
}

await main();
