/** Opens batches: one activity each, which watches until the batch's last task is final. */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  log,
  proxyActivities,
  sleep,
} from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import type { BatchOutcome, FailureDetails } from "../activities/run-batch.ts";
import { RETRY_FOREVER } from "./retry.ts";
import { publish, type Run } from "./state.ts";

/** How soon a dead orchestrator is noticed. */
const HEARTBEAT = "15s";
const RARE_HEARTBEAT = "30s";

const { runBatch, endSession } = proxyActivities<Activities>({
  heartbeatTimeout: HEARTBEAT,
  scheduleToCloseTimeout: "365 days", // tasks may take hours; the heartbeat says who is alive
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: RETRY_FOREVER,
});

/** A heartbeat costs the server some milliseconds: with this many open, they may be rarer. */
const MANY_OPEN = 200;

/**
 * If the notice that a parked batch is ready is lost, a check of all parked batches finds it. The pause
 * between two checks doubles up to this.
 */
const LONGEST_PARKED_CHECK_MS = 3_600_000;

export const mayOpen = ({ state, window }: Run): boolean =>
  state.status === "Running" &&
  state.open.length < window &&
  (state.again.length > 0 || state.next <= state.upTo);

export function openNext(run: Run): void {
  const { state } = run;
  const batch = state.again.shift() ?? state.next++;
  if (state.open.includes(batch)) return;
  state.open.push(batch);
  // One callback each way: between closing and settling nobody may see the batch half done.
  run.watchers
    .run(() => watch(run, batch))
    .then(
      (outcome) => {
        close(run, batch);
        settle(run, batch, outcome);
        publish(run);
      },
      (error: unknown) => {
        close(run, batch);
        settleFailed(run, batch, error);
        publish(run);
      },
    );
}

function watch({ state, sessionId }: Run, batch: number): Promise<BatchOutcome> {
  const name = state.names[batch];
  const twin = state.open.some((other) => other !== batch && state.names[other] === name);
  const options = name
    ? { activityId: `task-${name}${twin ? `-${batch}` : ""}`, summary: name }
    : { activityId: `batch-${batch}`, summary: `batch ${batch}` };
  const heartbeatTimeout = state.open.length > MANY_OPEN ? RARE_HEARTBEAT : HEARTBEAT;
  return runBatch.executeWithOptions({ ...options, heartbeatTimeout }, [
    { sessionId, batch, ...(name && { name }) },
  ]);
}

function close(run: Run, batch: number): void {
  run.state.open = run.state.open.filter((other) => other !== batch);
}

function settle(run: Run, batch: number, outcome: BatchOutcome): void {
  const { state, early } = run;
  const { completed, failed, parked, tasks = 0, failure } = outcome;
  const ready = early.delete(batch);
  if (parked) {
    if (ready) state.again.push(batch);
    else park(run, batch);
    return;
  }
  delete state.names[batch];
  state.tasks = Math.max(state.tasks, tasks);
  if (failure) state.lastFailure = failure;
  // The ended session's totals are known, this batch's tasks among them.
  if (run.ending === "done") return;
  state.completed += completed;
  state.failed += failed;
}

function settleFailed(run: Run, batch: number, error: unknown): void {
  // The session was cancelled: `endTasks` counts what became of the tasks.
  if (isCancellation(error)) {
    delete run.state.names[batch];
    return;
  }
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure && cause.type === "TASK_FAILED") {
    const [outcome] = (cause.details ?? []) as Partial<FailureDetails>;
    settle(run, batch, outcome ?? { completed: 0, failed: 1 });
    return;
  }
  log.error("supervision of a batch failed, will be tried again later", { batch, cause });
  park(run, batch);
}

function park(run: Run, batch: number): void {
  const { state } = run;
  state.parked.push(batch);
  if (run.checkingParked) return;
  run.checkingParked = true;
  void sleep(run.parkedCheckMs, { summary: "batches wait for inputs, look again" }).then(() => {
    run.checkingParked = false;
    run.parkedCheckMs = Math.min(LONGEST_PARKED_CHECK_MS, 2 * run.parkedCheckMs);
    state.again.push(...state.parked.splice(0));
  });
}

/** Cancels what a closed or cancelled session must not start, and waits for what may finish. */
export function endTasks(run: Run): void {
  const { state, sessionId } = run;
  run.ending = "yes";
  void endSession
    .executeWithOptions({ activityId: "end-session", summary: "end the session's tasks" }, [
      { sessionId },
    ])
    .then(({ completed, failed }) => {
      state.completed = completed;
      state.failed = failed;
      run.ending = "done";
      publish(run);
    });
}
