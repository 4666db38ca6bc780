import { type NativeConnection, Worker } from "@temporalio/worker";
import type { Activities } from "../activities/index.ts";
import { BATCH_QUEUE, CONTROL_QUEUE } from "../workflows/contracts.ts";
import { refusalsAreFinal } from "./refusals-are-final.ts";

export interface TemporalWorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly activities: Activities;
  /** File with the bundled workflows. */
  readonly bundle: string;
  readonly graceDelayMs: number;
}

export interface TemporalWorkers extends AsyncDisposable {
  /** Rejects when a Temporal worker fails for good. */
  readonly running: Promise<unknown>;
  readonly areRunning: boolean;
}

/** Runs session workflows and their activities until disposed. */
export async function openTemporalWorkers(
  options: TemporalWorkersOptions,
): Promise<TemporalWorkers> {
  const { connection, namespace, activities, bundle, graceDelayMs } = options;
  const common = {
    ...{ connection, namespace, activities },
    interceptors: { activity: [refusalsAreFinal] },
    // Watchers never end by themselves: they are cancelled, and another process goes on.
    shutdownGraceTime: Math.min(graceDelayMs, 100),
    shutdownForceTime: graceDelayMs + 1_000,
  };
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: BATCH_QUEUE,
      workflowBundle: { codePath: bundle },
      maxConcurrentActivityTaskExecutions: 2_000, // watchers are cheap, but each holds a slot
      maxCachedWorkflows: 500,
      // What every session waits after a crash of its Temporal worker; the default is 10 s.
      stickyQueueScheduleToStartTimeout: "2s",
      activityTaskPollerBehavior: { type: "autoscaling", minimum: 2, initial: 5, maximum: 20 },
      // Never a small maximum: only a fifth of the pollers takes the first task of new sessions.
      workflowTaskPollerBehavior: { type: "autoscaling", minimum: 2, initial: 5, maximum: 50 },
    }),
    Worker.create({
      ...common,
      taskQueue: CONTROL_QUEUE,
      maxConcurrentActivityTaskExecutions: 100,
      activityTaskPollerBehavior: { type: "simple-maximum", maximum: 2 },
    }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  // Whoever awaits `running` or the disposal hears of it.
  running.catch(() => {});
  return {
    running,
    get areRunning() {
      return workers.every((worker) => worker.getState() === "RUNNING");
    },
    async [Symbol.asyncDispose]() {
      for (const worker of workers) if (worker.getState() === "RUNNING") worker.shutdown();
      await running;
    },
  };
}
