// Every metric of the product. Labels have few values each: never ids.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** 1 ms to about a minute. */
const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
/** 1 ms to about three hours: tasks and waits differ more than calls. */
const TASK_SECONDS = [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5, 20, 60, 300, 1_800, 10_800];

const createRpcMetrics = (registry: Registry) => {
  const registers = [registry];
  return {
    handled: new Counter({
      registers,
      name: "grpc_server_handled_total",
      help: "Calls answered, by status",
      labelNames: ["grpc_service", "grpc_method", "grpc_code"],
    }),
    seconds: new Histogram({
      registers,
      name: "grpc_server_handling_seconds",
      help: "From the start of a call to its status",
      labelNames: ["grpc_service", "grpc_method"],
      buckets: CALL_SECONDS,
    }),
    running: new Gauge({
      registers,
      name: "grpc_server_running_calls",
      help: "Calls that have no status yet, open streams included",
    }),
  };
};

export type RpcMetrics = ReturnType<typeof createRpcMetrics>;

const createTaskMetrics = (registry: Registry) => {
  const registers = [registry];
  return {
    tasksSubmitted: new Counter({
      registers,
      name: "armonik_tasks_submitted_total",
      help: "Tasks accepted",
      labelNames: ["partition"],
    }),
    tasksDispatched: new Counter({
      registers,
      name: "armonik_tasks_dispatched_total",
      help: "Tasks put on the queue; more than once if the queue lost them",
      labelNames: ["partition"],
    }),
    tasksDecided: new Counter({
      registers,
      name: "armonik_tasks_decided_total",
      help: "Attempts whose outcome was committed",
      labelNames: ["partition", "outcome"],
    }),
    dispatchSeconds: new Histogram({
      registers,
      name: "armonik_task_dispatch_seconds",
      help: "From a task put on the queue to the agent that acquired it",
      labelNames: ["partition"],
      buckets: TASK_SECONDS,
    }),
    commitsRefused: new Counter({
      registers,
      name: "armonik_commits_refused_total",
      help: "Outcomes refused at the commit point, because another attempt counts",
      labelNames: ["partition"],
    }),
  };
};

const createAgentMetrics = (registry: Registry) => {
  const registers = [registry];
  return {
    prefetched: new Gauge({
      registers,
      name: "armonik_prefetched_tasks",
      help: "Tasks that the agent holds and that wait for its worker",
    }),
    workerCallSeconds: new Histogram({
      registers,
      name: "armonik_worker_call_seconds",
      help: "Calls of the worker, by how they ended",
      labelNames: ["partition", "outcome"],
      buckets: TASK_SECONDS,
    }),
    bytesStored: new Counter({
      registers,
      name: "armonik_objects_stored_bytes_total",
      help: "Bytes of payloads and results written to object storage",
    }),
  };
};

/**
 * Declares the metrics in a registry of their own, so that one process can hold several roles.
 *
 * Node's own metrics (memory, event loop, garbage collection) are among them.
 */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    rpc: createRpcMetrics(registry),
    ...createTaskMetrics(registry),
    ...createAgentMetrics(registry),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
