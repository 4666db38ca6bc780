// Gives the worker one task after the other.
//
//   RU1. One call at a time, and only to a worker that is ready for it.
//   RU2. A token is valid only while its call runs.
//   RU3. Nothing begins that is revoked, or while the lease may be over. The checks and the start of
//       the call happen in the same turn of the event loop.
//   RU4. The worker does not wait for the store: starts and ends are written while it goes on.
import type { TaskOptions } from "../../domain/task-options.ts";
import type { ProcessRequest } from "../../gen/worker_common.ts";
import { toWireTaskOptions } from "../../grpc/task-options.ts";
import type { Committer } from "../commit/committer.ts";
import type { Settler } from "../commit/settle.ts";
import type { AgentContext } from "../context.ts";
import type { Lease } from "../heartbeat.ts";
import type { PrefetchPolicy } from "../intake/prefetch-policy.ts";
import type { ReadyQueue } from "../intake/ready-queue.ts";
import type { CallEnd, WorkerCall, WorkerClient } from "../worker/worker-client.ts";
import { type Attempt, idsOf } from "./attempt.ts";
import { toOutcome } from "./outcome.ts";

export interface Runner {
  /**
   * Runs tasks until the agent stops; the last one to its end.
   *
   * @throws {WorkerAwayError} when the worker does not serve any more.
   */
  run(): Promise<void>;
  /** What the worker runs now. */
  readonly current: Attempt | undefined;
  /** How long the call has run. */
  readonly elapsedMs: number | undefined;
  /** How long the worker has had nothing to do; 0 while it runs a task. */
  readonly idleMs: number;
  /** Cancels the call if it is this attempt's. */
  cancel(attempt: Attempt): void;
  /** Cancels whatever runs, and gives it back. */
  interrupt(): void;
}

export interface RunnerOptions {
  readonly context: AgentContext;
  readonly worker: WorkerClient;
  readonly lease: Lease;
  readonly readyQueue: ReadyQueue;
  readonly prefetchPolicy: PrefetchPolicy;
  readonly committer: Committer;
  readonly settler: Settler;
  /** Told whenever the worker takes or ends a task. */
  readonly changed: () => void;
}

/** Times are on the monotonic clock. */
type State =
  | { readonly mode: "idle"; readonly since: number }
  | Running
  /** Its call is cancelled, since the agent has no time left: it is given back. */
  | (Omit<Running, "mode"> & { readonly mode: "interrupted" });

interface Running {
  readonly mode: "running";
  readonly attempt: Attempt;
  readonly call: WorkerCall;
  readonly since: number;
}

/**
 * An agent that was stopped for long hears at once that its attempt is revoked, before it reads
 * the worker's answer that has been waiting for it: that one goes to the commit point, which
 * refuses it and says so (I2).
 */
const ANSWER_ON_ITS_WAY_MS = 20;

export function createRunner(options: RunnerOptions): Runner {
  const { context, worker, lease, readyQueue, prefetchPolicy, committer, settler, changed } =
    options;
  const { stores, owner, stopping, metrics, log, partitionId, settings } = context;
  const { maxErrorBytes, workerLogFile: file } = settings;
  const texts = { maxErrorBytes, workerLog: { ...owner, file } };
  let state: State = { mode: "idle", since: performance.now() };

  const begin = (attempt: Attempt, call: WorkerCall): void => {
    state = { mode: "running", attempt, call, since: performance.now() };
  };
  const interrupt = (): void => {
    if (state.mode !== "running") return;
    state = { ...state, mode: "interrupted" };
    state.call.cancel();
  };
  /** Answers how the run went. */
  const rest = (): { durationMs: number; wasInterrupted: boolean } => {
    const { mode, since } = state;
    const now = performance.now();
    state = { mode: "idle", since: now };
    return { durationMs: now - since, wasInterrupted: mode === "interrupted" };
  };

  /** Can it be given a task without a question before? */
  const isFit = (): boolean => worker.isReady() && !worker.isSilent();

  /** Undefined when the agent stops. */
  const next = async (): Promise<Attempt | undefined> => {
    while (!stopping.aborted) {
      if (!isFit()) await worker.becomeReady(stopping, settings.workerPatienceMs);
      await committer.room();
      if (lease.isOver) {
        await lease.renewed();
        continue;
      }
      // While it waits, `isFit` is checked again: a worker that stops serving gets no task.
      const attempt = await readyQueue.take(stopping, isFit);
      if (attempt) return attempt;
    }
    return undefined;
  };

  /** Neither in the ready queue nor running, for a moment: nobody else can drop it then. */
  const runUnlessRevoked = async (attempt: Attempt): Promise<void> => {
    if (attempt.revoked) settler.dropped([attempt]);
    else if (!isFit() || lease.isOver) readyQueue.put([attempt]);
    else await runOne(attempt);
  };

  const runOne = async (attempt: Attempt): Promise<void> => {
    attempt.stage = "running";
    attempt.startedAt = stores.now();
    const request = toRequest(attempt, settings.dataChunkMaxBytes);
    const call = worker.process(request, attempt.task.options.maxDurationMs);
    begin(attempt, call);
    committer.start(attempt);
    changed();
    const end = await call.end;
    attempt.processedAt = stores.now();
    const { durationMs, wasInterrupted } = rest();
    attempt.buffer.closed = true;
    prefetchPolicy.ran(durationMs);
    const labels = { partition: partitionId, outcome: end.kind };
    metrics.workerCallSeconds.observe(labels, durationMs / 1_000);
    log.debug({ ...idsOf(attempt), end: end.kind, durationMs }, "worker call ended");
    finish(attempt, end, wasInterrupted);
    changed();
  };

  const finish = (attempt: Attempt, end: CallEnd, wasInterrupted: boolean): void => {
    // An answer in spite of a cancellation goes to the commit point, which knows what it is worth.
    if (end.kind === "reply") committer.end(attempt, toOutcome(attempt.task, end, texts));
    else if (attempt.revoked) settler.dropped([attempt]);
    else if (wasInterrupted) gaveBack = settler.giveBack([attempt]);
    else {
      log.warn({ ...idsOf(attempt), end }, "worker call failed");
      committer.end(attempt, toOutcome(attempt.task, end, texts));
    }
  };
  let gaveBack: Promise<void> | undefined;

  return {
    async run() {
      try {
        for (;;) {
          const attempt = await next();
          if (!attempt) return;
          await runUnlessRevoked(attempt);
        }
      } catch (error) {
        if (!stopping.aborted) throw error;
      } finally {
        await gaveBack;
      }
    },
    get current() {
      return state.mode === "idle" ? undefined : state.attempt;
    },
    get elapsedMs() {
      return state.mode === "idle" ? undefined : performance.now() - state.since;
    },
    get idleMs() {
      return state.mode === "idle" ? performance.now() - state.since : 0;
    },
    cancel(attempt) {
      setTimeout(() => {
        if (state.mode !== "idle" && state.attempt === attempt) state.call.cancel();
      }, ANSWER_ON_ITS_WAY_MS);
    },
    interrupt,
  };
}

/** Equal options are converted once: tasks of one submission share the object. */
const wireOptions = new WeakMap<TaskOptions, ReturnType<typeof toWireTaskOptions>>();

function toRequest({ task, token, folder }: Attempt, dataChunkMaxSize: number): ProcessRequest {
  let taskOptions = wireOptions.get(task.options);
  if (!taskOptions) {
    taskOptions = toWireTaskOptions(task.options);
    wireOptions.set(task.options, taskOptions);
  }
  return {
    communicationToken: token,
    sessionId: task.sessionId,
    taskId: task.taskId,
    taskOptions,
    expectedOutputKeys: task.expectedOutputIds as readonly string[] as string[],
    payloadId: task.payloadId,
    dataDependencies: task.dataDependencies as readonly string[] as string[],
    dataFolder: folder,
    configuration: { dataChunkMaxSize },
  };
}
